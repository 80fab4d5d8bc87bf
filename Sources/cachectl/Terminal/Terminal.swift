import FoundationEssentials
import Glibc

/// The terminal that standard error goes to.
enum Terminal {
    /// Whether standard error is a terminal on which a line can be redrawn.
    static var canRedraw: Bool {
        guard isatty(STDERR_FILENO) == 1 else { return false }
        let kind = ProcessInfo.processInfo.environment["TERM"] ?? ""
        return !kind.isEmpty && kind != "dumb"
    }

    /// Whether this process is in the foreground and so may draw.
    ///
    /// A process in the background would draw over the shell's prompt.
    static var isForeground: Bool { tcgetpgrp(STDERR_FILENO) == getpgrp() }

    /// The current width in columns, or 80 if the terminal does not tell its width.
    static var width: Int {
        var size = winsize()
        guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
