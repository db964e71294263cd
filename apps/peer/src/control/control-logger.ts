/** The logger of the control API's controllers. */
export const CONTROL_LOGGER = Symbol('ControlLogger');
