// A mask's pixels -> the closed lines around them, as the path of an SVG or a canvas.

/** Mask number k of a plane whose masks come as bits, as bytes 0 and 1. */
export function unpacked(bits, k, pixels) {
  const mask = new Uint8Array(pixels);
  for (let at = 0, bit = k * pixels; at < pixels; at++, bit++) mask[at] = (bits[bit >> 3] >> (7 - (bit & 7))) & 1;
  return mask;
}

// Along an edge of a pixel to the right, down, left, up, with the mask on the right hand.
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
];

/** Path of all lines, holes included (fill rule: evenodd); empty of an empty mask. Corners lie between pixels. */
export function path(mask, width, height) {
  const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] === 1;
  const seen = new Uint8Array((width + 1) * (height + 1)); // corners from which an upper edge was walked
  const lines = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (inside(x, y) && !inside(x, y - 1) && !seen[y * (width + 1) + x]) lines.push(line(inside, seen, width, x, y));
  return lines.join("");
}

/** One closed line that begins with the upper edge of a pixel. */
function line(inside, seen, width, left, top) {
  let [x, y, way] = [left, top, 0];
  const told = [`M${x} ${y}`];
  do {
    if (way === 0) seen[y * (width + 1) + x] = 1;
    x += STEPS[way][0];
    y += STEPS[way][1];
    const next = turned(inside, x, y, way);
    if (next !== way) told.push(`L${x} ${y}`);
    way = next;
  } while (x !== left || y !== top || way !== 0);
  return `${told.join("")}Z`;
}

/** Where the line goes on from a corner: to the right if it can, so that pixels that touch by a corner stay apart. */
function turned(inside, x, y, way) {
  // Pixels ahead of the corner, on the right hand and on the left hand.
  const ahead = [
    [[0, 0], [0, -1]],
    [[-1, 0], [0, 0]],
    [[-1, -1], [-1, 0]],
    [[0, -1], [-1, -1]],
  ][way];
  const [right, left] = ahead.map(([dx, dy]) => inside(x + dx, y + dy));
  if (!right) return (way + 1) % 4;
  return left ? (way + 3) % 4 : way;
}
