import FoundationEssentials

/// The lines that `go build -json` or `go test -json` wraps into one line of JSON (`go help buildjson`,
/// `go doc test2json`).
struct BuildEvent {
    /// The members of an event that matter here.
    private struct Fields: Decodable {
        var action: String
        var output: String
        var test: String?

        private enum CodingKeys: String, CodingKey {
            case action = "Action"
            case output = "Output"
            case test = "Test"
        }
    }

    /// The output of a go command itself; that of a test is left out.
    let output: String

    /// Reads a line, without its end; the result is `nil` if the line is no event.
    init?(_ line: ArraySlice<UInt8>) {
        guard line.last == UInt8(ascii: "}"), line.starts(with: #"{""#.utf8),
            let fields = try? JSONDecoder().decode(Fields.self, from: Data(line)),
            fields.action == "build-output" || fields.action == "output"
        else { return nil }
        output = fields.test == nil ? fields.output : ""
    }
}
