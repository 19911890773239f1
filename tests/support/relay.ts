// Between a member and the MCU on the real wire: passes every datagram on, and can add some of its own that
// come from where the member's come from.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** RFC 7983: RTP and RTCP, protected. */
function isMedia(datagram: Buffer): boolean {
  const first = datagram[0] ?? 0;
  return first >= 128 && first <= 191;
}

export class Relay {
  readonly #front: Socket;
  /** Each of the member's own ports has a socket of its own towards the MCU. */
  readonly #ways = new Map<string, Socket>();
  readonly #mcu: { address: string; port: number };
  #last: { datagram: Buffer; way: Socket } | null = null;

  private constructor(front: Socket, mcu: { address: string; port: number }) {
    this.#front = front;
    this.#mcu = mcu;
    front.on('message', (datagram, from) => {
      const way = this.#wayOf(from.address, from.port);
      if (isMedia(datagram)) this.#last = { datagram: Buffer.from(datagram), way };
      this.#send(way, datagram);
    });
  }

  /** The relay, and the MCU's answer as if the relay were the MCU. */
  static async open(answer: string): Promise<{ relay: Relay; answer: string }> {
    const candidate = /^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host.*$/im.exec(answer);
    if (!candidate) throw new Error(`no candidate: ${answer}`);
    const [line, address = '', port = ''] = candidate;
    const front = createSocket('udp4');
    front.bind(0, address);
    await once(front, 'listening');
    const relay = new Relay(front, { address, port: Number(port) });
    const ours = line.replace(` ${address} ${port} `, ` ${address} ${front.address().port} `);
    return {
      relay,
      answer: answer
        .split('\r\n')
        .filter((text) => text === line || !text.startsWith('a=candidate:'))
        .join('\r\n')
        .replaceAll(line, ours),
    };
  }

  #wayOf(address: string, port: number): Socket {
    const key = `${address}:${port}`;
    const known = this.#ways.get(key);
    if (known) return known;
    const way = createSocket('udp4');
    way.on('message', (datagram) => this.#front.send(datagram, port, address));
    this.#ways.set(key, way);
    return way;
  }

  #send(way: Socket, datagram: Buffer): void {
    way.send(datagram, this.#mcu.port, this.#mcu.address);
  }

  /** What the member sent last of sound and picture; null: nothing yet. */
  get last(): Buffer | null {
    return this.#last?.datagram ?? null;
  }

  /** To the MCU, from the very address and port that the member's own packets come from. */
  inject(datagram: Buffer): void {
    if (!this.#last) throw new Error('the member has sent nothing yet');
    this.#send(this.#last.way, datagram);
  }

  close(): void {
    this.#front.close();
    for (const way of this.#ways.values()) way.close();
  }
}
