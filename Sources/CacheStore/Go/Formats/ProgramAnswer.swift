import FoundationEssentials

/// An answer to a ``ProgramRequest``.
///
/// Source: Go's cmd/go/internal/cacheprog/cacheprog.go, `Response`.
struct ProgramAnswer: Hashable, Sendable {
    /// The kinds of answer.
    enum Content: Hashable, Sendable {
        /// The requests that the program knows; the first answer, to no request.
        case commands([String])
        /// An output that is there.
        case hit(Hit)
        /// The absence of an output.
        case miss
        /// The file in which the output of a put is kept.
        case kept(path: String)
        /// The end of a request that needs no more words.
        case done
        /// The reason for which a request failed.
        case failure(String)
    }

    /// An output that is there.
    struct Hit: Hashable, Sendable {
        /// The SHA-256 of the output.
        var output: ObjectID
        /// The length of the output, in bytes.
        var size: Int
        /// The time at which the output was put, in nanoseconds since 1970.
        ///
        /// Go compares it with the time of the last `go clean -testcache`.
        var time: Int
        /// The absolute path of a file that holds the output until the program has closed.
        var path: String
    }

    /// The number of the request.
    var id: Int

    /// The answer itself.
    var content: Content

    /// The answer as a line of JSON, with its line feed.
    var line: [UInt8] {
        var fields: [(key: String, value: JSONValue)] = [("ID", .integer(id))]
        switch content {
        case .commands(let names): fields.append(("KnownCommands", .array(names.map { .string($0) })))
        case .hit(let hit):
            fields.append(("OutputID", .string(Data(hit.output.bytes).base64EncodedString())))
            fields.append(("Size", .integer(hit.size)))
            fields.append(("Time", .string(Self.text(ofTime: hit.time))))
            fields.append(("DiskPath", .string(hit.path)))
        case .miss: fields.append(("Miss", .boolean(true)))
        case .kept(let path): fields.append(("DiskPath", .string(path)))
        case .done: break
        case .failure(let reason): fields.append(("Err", .string(reason)))
        }
        var line: [UInt8] = []
        JSONValue.object(fields).append(to: &line)
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// Returns a time in the form of RFC 3339, in UTC and with all its nanoseconds.
    private static func text(ofTime nanoseconds: Int) -> String {
        let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
        let text = Date(timeIntervalSince1970: Double(seconds)).ISO8601Format()
        guard rest > 0 else { return text }
        let digits = String(1_000_000_000 + rest).dropFirst()
        return "\(text.dropLast()).\(digits)Z"
    }
}
