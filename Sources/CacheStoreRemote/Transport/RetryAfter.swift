import Glibc

/// The wait that a server asks for in the header `Retry-After`.
///
/// Source: RFC 9110, sections 5.6.7 and 10.2.3.
enum RetryAfter {
    /// Reads the header.
    ///
    /// - Parameters:
    ///   - text: The value: a number of seconds, or a date in the usual form of HTTP.
    ///   - now: The time, in seconds since 1970.
    /// - Returns: The wait, or `nil` if the value is neither.
    static func wait(_ text: String, now: Int = time(nil)) -> Duration? {
        if let seconds = Int(text), seconds >= 0 { return .seconds(min(seconds, 1 << 30)) }
        guard let date = seconds(ofDate: text) else { return nil }
        return .seconds(max(0, date - now))
    }

    /// Reads a date such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// - Returns: The date, in seconds since 1970.
    static func seconds(ofDate text: String) -> Int? {
        let words = text.split(separator: " ")
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), let year = Int(words[3]),
            let month = months.firstIndex(of: String(words[2]))
        else { return nil }
        let time = words[4].split(separator: ":").compactMap { Int($0) }
        guard time.count == 3, (0...23).contains(time[0]), (0...59).contains(time[1]),
            (0...60).contains(time[2]), (1...31).contains(day), (1970...9999).contains(year)
        else { return nil }
        // Years that begin in March have their leap day last, and their months have 153 days per five.
        let (shiftedYear, shiftedMonth) = month < 2 ? (year - 1, month + 10) : (year, month - 2)
        let leapDays = shiftedYear / 4 - shiftedYear / 100 + shiftedYear / 400
        let days = shiftedYear * 365 + leapDays + (153 * shiftedMonth + 2) / 5 + day - 1 - 719_468
        return ((days * 24 + time[0]) * 60 + time[1]) * 60 + time[2]
    }
}
