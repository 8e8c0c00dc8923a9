/**
 * A client connection that costs its process little: requests are bytes made beforehand, and of an answer only the head is kept.
 *
 * Answers arrive in the order of the requests, so nobody looks at correlation ids.
 */
import { connect, type Socket } from 'node:net'

const READ_BUFFER_BYTES = 256 * 1024
const SIZE_BYTES = 4
const FIRST_HEAD_BYTES = 256

export type Connection = {
  /** Bytes of one or more requests, sizes included. */
  send(bytes: Uint8Array): void
  /** Called once for each answer, while its bytes are there: `head` is reused afterwards. */
  onAnswer: (head: Buffer, sizeBytes: number) => void
  /** Called once when the connection is lost; not after `close()`. */
  onLost: (error: Error) => void
  close(): void
}

/** `keepBytes` bounds the head of an answer, which starts with its size; Infinity keeps all of it. */
export async function openConnection(port: number, keepBytes: number): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let isClosed = false
  const take = answerReader(keepBytes, (head, sizeBytes) => connection.onAnswer(head, sizeBytes))
  const socket: Socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafe(READ_BUFFER_BYTES),
      callback: (length, buffer) => {
        take((buffer as Buffer).subarray(0, length))
        return true
      },
    },
  })
  const lose = (error: Error): void => {
    reject(error)
    if (isClosed) return
    isClosed = true
    connection.onLost(error)
  }
  socket.once('connect', resolve)
  socket.once('error', lose)
  socket.once('close', () => lose(new Error(`the broker at port ${port} closed the connection`)))
  const connection: Connection = {
    send: (bytes) => void socket.write(bytes),
    onAnswer: () => {},
    onLost: () => {},
    close() {
      isClosed = true
      socket.destroy()
    },
  }
  await promise
  return connection
}

/** Cuts a stream of bytes into answers, first the four bytes of the size, then the rest. */
function answerReader(keepBytes: number, onAnswer: (head: Buffer, sizeBytes: number) => void): (bytes: Buffer) => void {
  let head: Buffer = Buffer.allocUnsafe(FIRST_HEAD_BYTES)
  let receivedBytes = 0
  let sizeBytes = SIZE_BYTES
  return (bytes) => {
    let position = 0
    while (position < bytes.length) {
      const end = Math.min(bytes.length, position + sizeBytes - receivedBytes)
      if (receivedBytes < keepBytes) head = keep(head, receivedBytes, bytes.subarray(position, end), Math.min(keepBytes, sizeBytes))
      receivedBytes += end - position
      position = end
      if (receivedBytes < sizeBytes) return
      if (sizeBytes === SIZE_BYTES) {
        sizeBytes += head.readInt32BE(0)
        continue
      }
      const answerBytes = sizeBytes
      receivedBytes = 0
      sizeBytes = SIZE_BYTES
      onAnswer(head.subarray(0, Math.min(answerBytes, keepBytes)), answerBytes)
    }
  }
}

/** Copies into the head what still belongs there; `headBytes` is how large it may become. */
function keep(head: Buffer, length: number, bytes: Buffer, headBytes: number): Buffer {
  let room = head
  if (room.length < headBytes) {
    room = Buffer.allocUnsafe(headBytes)
    head.copy(room, 0, 0, length)
  }
  bytes.copy(room, length, 0, Math.min(bytes.length, headBytes - length))
  return room
}
