/** Units of VOUnits 1.0 that take a prefix of the SI, and those that stand alone. */
const PREFIXED =
  'm g s A K mol cd rad sr Hz N Pa J W C V S F Wb T H lm lx Ohm G eV Jy erg barn bit B byte mag adu photon ph count ct pixel pix beam bin chan D R Ry pc a yr u lyr arcsec deg'.split(
    ' '
  )
const ALONE =
  '% AU Angstrom angstrom Sun solMass solLum solRad arcmin mas d h min voxel cy Ba Crab ta'.split(
    ' '
  )
const PREFIXES = ['', ...'da d c m u n p f a z y h k M G T P E Z Y'.split(' ')]
const KNOWN = new Set([...ALONE, ...PREFIXED.flatMap((unit) => PREFIXES.map((at) => at + unit))])

const SCALE = /^(10(\*\*([+-]?\d+|\([+-]?\d+\)))?|\d+(\.\d+)?([eE][+-]?\d+)?)/
const POWER = /^\*\*(\d+|\([+-]?\d+(\.\d+|\/\d+)?\)|[+-]\d+)/

/** What is wrong with a unit by the grammar of IVOA's VOUnits; null for a good one, `''` included. */
export function unitFault(text: string): string | null {
  if (text === '') return null
  let rest = text.replace(SCALE, '')
  let divisions = 0
  for (;;) {
    const [unit = ''] = /^[A-Za-z%]+/.exec(rest) ?? []
    if (!KNOWN.has(unit)) return `"${unit || rest}" is no unit`
    rest = rest.slice(unit.length).replace(POWER, '')
    if (rest === '') return null
    if (rest.startsWith('/') && divisions++ > 0) return 'it divides twice'
    if (!/^[./]/.test(rest)) return `"${rest}" is no power, product or division`
    rest = rest.slice(1)
  }
}
