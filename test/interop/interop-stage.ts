// A diary with real peers and peers in Python, all ended whatever happens.
import { Stage, type Diary } from '../tools/stage.ts';
import { PythonPeer, type PythonOptions } from './python-peer.ts';

export class InteropStage {
  readonly stage: Stage;
  readonly diary: Diary;
  readonly #pythons: PythonPeer[] = [];

  private constructor(stage: Stage, diary: Diary) {
    this.stage = stage;
    this.diary = diary;
  }

  static async open(): Promise<InteropStage> {
    const stage = await Stage.open();
    try {
      return new InteropStage(stage, await stage.startDiary());
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** Starts a peer in Python that joins this diary. */
  async startPython(options: Omit<PythonOptions, 'diary'>): Promise<PythonPeer> {
    const peer = await PythonPeer.start(this.stage, { ...options, diary: this.diary.address });
    this.#pythons.push(peer);
    return peer;
  }

  async close(): Promise<void> {
    await Promise.all(this.#pythons.map((each) => each.kill()));
    await this.stage.close();
  }
}
