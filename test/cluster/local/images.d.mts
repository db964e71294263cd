/** Whether every node was given an image of this name. */
export function isLoaded(name: string): Promise<boolean>;

/** Copies the image of this name from the Docker engine to the nodes that do not have it. Throws when the engine has none. */
export function loadImage(name: string): Promise<void>;
