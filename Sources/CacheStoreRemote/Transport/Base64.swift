import FoundationEssentials

/// The encoding of passwords in headers and files (RFC 4648, section 4).
enum Base64 {
    /// Returns the encoded text.
    static func encoded(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    /// Returns the text that was encoded, or `nil` if it is not Base64.
    static func decoded(_ text: String) -> String? {
        // Some programs leave the padding out.
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Data(base64Encoded: text + padding).map { String(decoding: $0, as: UTF8.self) }
    }
}
