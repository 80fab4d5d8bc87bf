extension HumanFormat {
    /// Returns text in which no address has a user, a password or a query, for these may be secrets.
    ///
    /// A wrong command line is quoted in the message for it, and a misspelled address is taken for a path.
    ///
    /// - Complexity: O(*n*) in the length of the text, whoever wrote it.
    static func withoutSecrets(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard hasAddress(bytes) else { return text }
        return String(decoding: withoutQueries(withoutUsers(bytes)), as: UTF8.self)
    }

    private static let (colon, slash) = (UInt8(ascii: ":"), UInt8(ascii: "/"))

    private static func hasAddress(_ bytes: [UInt8]) -> Bool {
        var last: UInt8 = 0
        for byte in bytes {
            if byte == slash, last == colon { return true }
            last = byte
        }
        return false
    }

    /// Removes the users and passwords that follow `scheme://`, up to the last `@` before the next slash.
    private static func withoutUsers(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var scheme = Scheme()
        var position = 0
        while position < bytes.count {
            let isAddress = scheme.ends(at: position, in: bytes)
            result.append(bytes[position])
            position += 1
            guard isAddress else { continue }
            while position < bytes.count, bytes[position] == slash {
                result.append(slash)
                position += 1
            }
            // No other address begins before the end of what is looked at, so no byte is looked at often.
            var end = position
            while end < bytes.count, bytes[end] != slash, !isEnd(bytes[end]) {
                if bytes[end] == UInt8(ascii: "@") { position = end + 1 }
                end += 1
            }
        }
        return result
    }

    /// Removes what follows a question mark or a hash sign in addresses.
    private static func withoutQueries(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var scheme = Scheme()
        var (isInAddress, isInQuery) = (false, false)
        for (position, byte) in bytes.enumerated() {
            if scheme.ends(at: position, in: bytes) { isInAddress = true }
            if isEnd(byte) {
                (isInAddress, isInQuery) = (false, false)
            } else if isInAddress, byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") {
                isInQuery = true
            }
            if !isInQuery { result.append(byte) }
        }
        return result
    }

    /// Returns whether a byte ends an address in text.
    private static func isEnd(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x09...0x0D, UInt8(ascii: " "), UInt8(ascii: "`"), UInt8(ascii: "'"), UInt8(ascii: "\""): true
        default: false
        }
    }

    /// The name before the colon of an address: a letter, and one or more letters, digits, `+`, `.` or `-`.
    private struct Scheme {
        /// The number of bytes from the first letter on.
        private var length = 0

        /// Takes the byte at a position, each in turn, and returns whether it is the colon after a scheme,
        /// with a slash behind it.
        mutating func ends(at position: Int, in bytes: [UInt8]) -> Bool {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
                length += 1
                return false
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "."),
                UInt8(ascii: "-"):
                if length > 0 { length += 1 }
                return false
            default:
                let isEnd =
                    byte == HumanFormat.colon && length > 1 && position + 1 < bytes.count
                    && bytes[position + 1] == HumanFormat.slash
                length = 0
                return isEnd
            }
        }
    }
}
