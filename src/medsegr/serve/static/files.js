// What is dropped or chosen: one picture, volume or study, and perhaps its report.

const MAGIC = [
  [128, "DICM"],
  [0, "PK\x03\x04"],
];
const MOST_BYTES = 256_000_000;

/** {picture, dicom, report}: of files that were dropped or chosen. Throws an Error that says what is wrong. */
export async function sorted(files) {
  const texts = files.filter((file) => /\.(txt|md)$/i.test(file.name) || file.type === "text/plain");
  const others = files.filter((file) => !texts.includes(file) && !/^\.|^DICOMDIR$|^Thumbs\.db$/.test(file.name));
  if (texts.length > 1) throw new Error("Several reports came. Drop the one of this picture.");
  const report = texts.length ? (await texts[0].text()).replace(/\r\n?/g, "\n").trim() : null;
  if (!others.length) return { picture: null, dicom: false, report };
  const heads = await Promise.all(others.map(dicomHead));
  if (others.length > 1 && !heads.every(Boolean))
    throw new Error(`${others.length} pictures came. Drop one picture or volume, or all slices of one DICOM series.`);
  const size = others.reduce((sum, file) => sum + file.size, 0);
  if (size > MOST_BYTES) throw new Error(`That is ${Math.round(size / 1e6)} MB; 256 MB are taken at once.`);
  const picture = others.length > 1 ? await zipped(others) : others[0];
  return { picture, dicom: heads[0], report };
}

async function dicomHead(file) {
  const head = new Uint8Array(await file.slice(0, 132).arrayBuffer());
  return MAGIC.some(([at, told]) => [...told].every((letter, k) => head[at + k] === letter.charCodeAt(0)));
}

/** Files of a drop, folders walked through. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

async function walk(entry, found) {
  if (entry.isFile) {
    found.push(await new Promise((done, failed) => entry.file(done, failed)));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return;
    for (const one of some) await walk(one, found);
  }
}

/** Slices as one zip without compression, under names of ours. */
export async function zipped(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [number, file] of files.entries()) {
    const content = new Uint8Array(await file.arrayBuffer());
    const name = new TextEncoder().encode(`${String(number).padStart(5, "0")}.dcm`);
    const fields = [20, 0, 0, 0, 0x21];
    const sizes = [crc32(content), content.length, content.length];
    const head = record(0x04034b50, fields, sizes, [name.length, 0]);
    directory.push(record(0x02014b50, [20, ...fields], sizes, [name.length, 0, 0, 0, 0], [0, offset]), name);
    parts.push(head, name, content);
    offset += head.length + name.length + content.length;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record(0x06054b50, [0, 0, files.length, files.length], [length, offset], [0]);
  return new Blob([...parts, ...directory, end]);
}

/** A record of a zip: its signature, then 16, 32, 16 and 32 bit numbers, little-endian. */
function record(signature, shorts, longs, more, last = []) {
  const bytes = new Uint8Array(4 + 2 * (shorts.length + more.length) + 4 * (longs.length + last.length));
  const view = new DataView(bytes.buffer);
  let at = 0;
  const put = (value, size) => {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  };
  put(signature, 4);
  shorts.forEach((value) => put(value, 2));
  longs.forEach((value) => put(value, 4));
  more.forEach((value) => put(value, 2));
  last.forEach((value) => put(value, 4));
  return bytes;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, k) => {
  for (let bit = 0; bit < 8; bit++) k = k & 1 ? (k >>> 1) ^ 0xedb88320 : k >>> 1;
  return k;
});

function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
