"""Other ways than torch to run a model: OpenVINO and ONNX Runtime."""
