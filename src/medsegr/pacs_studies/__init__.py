"""Studies of a PACS on their way through the model: fetched, or sent to a listener."""
