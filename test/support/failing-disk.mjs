// Loaded into a process: its disk fails for one file, from one byte on, once the file was read as a whole (or at once).
import fs from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const { FAILING_FILE, FAILING_FROM, FAILING_SPARED = '1' } = process.env
let opened = 0

if (FAILING_FILE) {
  const fail = () =>
    Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', errno: -5, syscall: 'read' })
  const isHere = (path) => String(path) === FAILING_FILE && ++opened > Number(FAILING_SPARED)
  const isBad = (position, length) => position + length > Number(FAILING_FROM)
  const open = promises.open
  promises.open = async (path, ...rest) => {
    const handle = await open(path, ...rest)
    if (!isHere(path)) return handle
    const read = handle.read.bind(handle)
    handle.read = async (buffer, offset, length, position) => {
      if (isBad(position, length)) throw fail()
      return read(buffer, offset, length, position)
    }
    return handle
  }
  const bad = new Set()
  const openFile = fs.open
  fs.open = (path, ...rest) => {
    const heard = rest.pop()
    openFile(path, ...rest, (error, fd) => {
      if (!error && isHere(path)) bad.add(fd)
      heard(error, fd)
    })
  }
  const readFile = fs.read
  fs.read = (fd, buffer, offset, length, position, heard) => {
    if (bad.has(fd) && isBad(position, length)) return void setImmediate(heard, fail())
    return readFile(fd, buffer, offset, length, position, heard)
  }
  syncBuiltinESMExports()
}
