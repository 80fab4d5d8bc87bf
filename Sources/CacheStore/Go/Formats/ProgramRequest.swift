import FoundationEssentials

/// A request of the go command to the program that GOCACHEPROG names, without the body of a put.
///
/// Source: Go's cmd/go/internal/cacheprog/cacheprog.go, `Request`. A request is one line of JSON; the format
/// is the same from Go 1.24 to 1.27.
struct ProgramRequest: Hashable, Sendable {
    /// The kinds of request.
    enum Command: Hashable, Sendable {
        /// The wish for the output of an action.
        case get(ObjectID)
        /// The output of an action, which has `size` bytes and follows the request.
        case put(ObjectID, output: ObjectID, size: Int)
        /// The end of all requests.
        case close
        /// A request that this program does not know.
        case unknown(String)
    }

    /// The reason for which a line is no request.
    struct Fault: Error, Hashable {
        /// The reason in words.
        var message: String
    }

    /// The number that the answer must repeat.
    var id: Int

    /// The request itself.
    var command: Command

    /// The fields of the line, as Go names them.
    private struct Fields: Decodable {
        var ID: Int
        var Command: String
        var ActionID: Data?
        var OutputID: Data?
        /// The name of `OutputID` in the experiment of Go 1.21 to 1.23.
        var ObjectID: Data?
        var BodySize: Int?
    }

    /// Reads a line.
    ///
    /// - Parameter line: The line, without its line feed.
    /// - Throws: ``Fault``.
    init(_ line: some Sequence<UInt8>) throws(Fault) {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(line))
        } catch {
            throw Fault(message: "it is not the JSON of a request")
        }
        id = fields.ID
        switch fields.Command {
        case "get": command = .get(try Self.id(fields.ActionID, "ActionID"))
        case "put":
            let action = try Self.id(fields.ActionID, "ActionID")
            let output = try Self.id(fields.OutputID ?? fields.ObjectID, "OutputID")
            let size = fields.BodySize ?? 0
            guard size >= 0 else { throw Fault(message: "its `BodySize` is negative") }
            command = .put(action, output: output, size: size)
        case "close": command = .close
        case let name: command = .unknown(name)
        }
    }

    private static func id(_ bytes: Data?, _ field: String) throws(Fault) -> ObjectID {
        guard let bytes, let id = ObjectID(Array(bytes).span) else {
            throw Fault(message: "its `\(field)` is not the base64 of 32 bytes")
        }
        return id
    }
}
