/// One way to sign in that a server offers in the header `WWW-Authenticate`.
///
/// Source: RFC 9110, section 11.3.
struct Challenge: Equatable {
    /// The scheme in lower case: `basic` or `bearer`, or one that is not known here.
    var scheme: String

    /// The parameters, with names in lower case.
    var parameters: [String: String]

    /// Parses the values of the header, each of which may have several challenges.
    static func parse(_ values: [String]) -> [Challenge] {
        var result: [Challenge] = []
        for value in values {
            var rest = Array(value.utf8)[...]
            while let word = token(&rest) {
                if rest.first == UInt8(ascii: "="), !result.isEmpty {
                    rest = rest.dropFirst()
                    result[result.count - 1].parameters[word.lowercased()] = text(&rest)
                } else {
                    result.append(Challenge(scheme: word.lowercased(), parameters: [:]))
                }
            }
        }
        return result
    }

    /// Takes a token, and the spaces and commas before it.
    private static func token(_ rest: inout ArraySlice<UInt8>) -> String? {
        rest = rest.drop { " ,\t".utf8.contains($0) }
        let token = rest.prefix { !" ,\t=\"".utf8.contains($0) }
        rest = rest.dropFirst(token.count)
        guard !token.isEmpty else { return nil }
        // Spaces may stand around the equals sign of a parameter.
        let next = rest.drop { " \t".utf8.contains($0) }
        if next.first == UInt8(ascii: "=") { rest = next }
        return String(decoding: token, as: UTF8.self)
    }

    /// Takes the value of a parameter: a token, or a text in quotes.
    private static func text(_ rest: inout ArraySlice<UInt8>) -> String {
        rest = rest.drop { " \t".utf8.contains($0) }
        guard rest.first == UInt8(ascii: "\"") else {
            let token = rest.prefix { !" ,\t".utf8.contains($0) }
            rest = rest.dropFirst(token.count)
            return String(decoding: token, as: UTF8.self)
        }
        rest = rest.dropFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() {
                bytes.append(escaped)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
