export const realClock = {
    now: () => performance.now(),
    wait(delayMs, callback) {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
    },
};
//# sourceMappingURL=clock.js.map