/** Version of the messages, the frames and the manifest. Peers and diaries of different versions refuse each other. */
export const PROTOCOL_VERSION = 1;
