// Window and level of a picture: as shares of its greys, as sliders have them, and in a file's unit.

// By filters that the browser computes. `level` is the grey, 0 to 1, that becomes middle grey; `width`
// is the range of greys that is spread from black to white. Either order of the two filters is exact
// only where nothing is cut off between them: brightness first for levels in the upper part, contrast
// first for the others.
export function filter({ level: wanted, width }) {
  const level = Math.max(0.01, wanted);
  if (level >= width / 2) return `brightness(${0.5 / level}) contrast(${(2 * level) / width})`;
  const room = 1 + width - 2 * level;
  return `contrast(${1 / room}) brightness(${room / width})`;
}

export const NEUTRAL = 50;

// What to begin with, chosen by eye: a radiograph's greys have no unit, other than those of CT.
export const PRESETS = [
  { name: "lung", key: "2", level: 0.35, width: 0.5 },
  { name: "bone", key: "3", level: 0.75, width: 0.5 },
  { name: "soft", key: "4", level: 0.6, width: 0.5 },
];

// From sliders of 0 to 100, neutral at 50.
export function tone({ brightness, contrast }) {
  return { level: 1 - brightness / 100, width: 2 ** ((NEUTRAL - contrast) / 25) };
}

export function sliders({ level, width }) {
  return { brightness: (1 - level) * 100, contrast: NEUTRAL - 25 * Math.log2(width) };
}

// Shares of the greys are those of the window by which a file is shown. Where low values are white, a
// lower grey is a higher value.
export const inUnits = {
  of({ level, width }, { windows: [base], inverted }) {
    const way = inverted ? -1 : 1;
    return { ...base, center: base.center + way * (level - 0.5) * base.width, width: width * base.width };
  },
  from({ center, width }, { windows: [base], inverted }) {
    const way = inverted ? -1 : 1;
    return { level: 0.5 + (way * (center - base.center)) / base.width, width: width / base.width };
  },
};
