// From a plane's values to what is seen: windows, presets, and the colours of a location map.

const TYPES = { uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array, float32: Float32Array };

export const values = (buffer, type) => new TYPES[type](buffer);

/** Names and windows [black, white] that a picture is offered. */
export function presets(view) {
  const [low, high] = view.window;
  const quarter = (high - low) / 4;
  const all = [view.lowest, view.highest];
  const offered = [["As read", [low, high]]];
  if (view.hounsfield)
    offered.push(
      ["Lung (−600, 1500)", level(-600, 1500)],
      ["Soft tissue (40, 400)", level(40, 400)],
      ["Liver (60, 160)", level(60, 160)],
      ["Brain (40, 80)", level(40, 80)],
      ["Bone (400, 1800)", level(400, 1800)],
    );
  else offered.push(["More contrast", [low + quarter, high - quarter]], ["Less contrast", [low - quarter, high + quarter]]);
  return [...offered, ["All values", low > high ? all.reverse() : all]];
}

const level = (middle, width) => [middle - width / 2, middle + width / 2];

/** Draw a plane into a canvas of its size. */
export function draw(canvas, plane, view, [low, high]) {
  canvas.width = view.width;
  canvas.height = view.height;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(view.width, view.height);
  const factor = 255 / (high - low || 1);
  const step = view.colour ? 3 : 1;
  for (let from = 0, to = 0; to < picture.data.length; from += step, to += 4) {
    for (let channel = 0; channel < 3; channel++)
      picture.data[to + channel] = (plane[view.colour ? from + channel : from] - low) * factor;
    picture.data[to + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}

const HEAT = [
  [87, 16, 110],
  [136, 34, 106],
  [188, 55, 84],
  [227, 89, 51],
  [249, 142, 9],
  [249, 203, 53],
  [243, 245, 125],
];

/** Draw a location map (0 to 255) into a canvas: clear where little, warm where much. */
export function drawMap(canvas, map, width, height) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  for (let k = 0; k < map.length; k++) {
    const place = (map[k] / 255) * (HEAT.length - 1);
    const at = Math.min(Math.floor(place), HEAT.length - 2);
    const rest = place - at;
    for (let c = 0; c < 3; c++) picture.data[4 * k + c] = HEAT[at][c] * (1 - rest) + HEAT[at + 1][c] * rest;
    picture.data[4 * k + 3] = map[k] * 0.75;
  }
  context.putImageData(picture, 0, 0);
}
