// Prints the segments of a DICOM-SEG as dcmjs decodes them, the reader that OHIF stands on:
// one JSON line {columns, rows, overlap, frames: [{segment, instance, on: [places of set pixels]}]}.
const fs = require("fs");
const dcmjs = require("dcmjs");
dcmjs.log.setLevel("silent");
const content = fs.readFileSync(process.argv[2]);
const bytes = content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength);
const { DicomMetaDictionary, DicomMessage, BitArray } = { ...dcmjs.data };
const made = DicomMetaDictionary.naturalizeDataset(DicomMessage.readFile(bytes).dict);
const packed = Array.isArray(made.PixelData) ? made.PixelData[0] : made.PixelData;
const bits = BitArray.unpack(new Uint8Array(packed));
const groups = [].concat(made.PerFrameFunctionalGroupsSequence);
const shared = [].concat(made.SharedFunctionalGroupsSequence)[0];
const size = made.Rows * made.Columns;
const one = (value) => [].concat(value)[0];
const frames = groups.map((group, number) => {
  const identified = group.SegmentIdentificationSequence || shared.SegmentIdentificationSequence;
  const on = [];
  for (let place = 0; place < size; place++) if (bits[number * size + place]) on.push(place);
  return {
    segment: one(identified).ReferencedSegmentNumber,
    instance: one(one(group.DerivationImageSequence).SourceImageSequence).ReferencedSOPInstanceUID,
    on,
  };
});
console.log(JSON.stringify({ columns: made.Columns, rows: made.Rows, overlap: made.SegmentsOverlap, frames }));
