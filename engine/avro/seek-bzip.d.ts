/** What is used of the package, which has no types of its own. */
declare module 'seek-bzip' {
  interface Input {
    readByte(): number
    read(to: Uint8Array, from: number, length: number): number
  }
  const bunzip: {
    /** Inflates one stream, checks its CRC32, and stops behind it. @throws TypeError for damage. */
    decode(input: Input, output: { writeByte(byte: number): void }): void
  }
  export default bunzip
}
