import FoundationEssentials
import Glibc

/// The number of columns that text for people may take on standard output.
enum PageWidth {
    /// The width where standard output is no terminal, so that the same command prints the same text.
    private static let standard = 100

    /// The least width that text is fitted into; on a narrower terminal, lines are wider than it.
    private static let least = 40

    /// The width of this process's standard output.
    static let columns = columns(ProcessInfo.processInfo.environment["COLUMNS"], terminal: terminal)

    /// Returns the width, given the value of COLUMNS and the width of the terminal, if there are such.
    static func columns(_ variable: String?, terminal: Int?) -> Int {
        let wish = variable.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        return max(least, wish ?? terminal ?? standard)
    }

    private static var terminal: Int? {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0,
            size.ws_col > 0
        else { return nil }
        return Int(size.ws_col)
    }
}
