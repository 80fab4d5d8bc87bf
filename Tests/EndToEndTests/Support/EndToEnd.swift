import Foundation
import Testing

/// All tests of the tool itself.
///
/// The tests run one after another, because they share the caches at one path, measure time and kill
/// processes.
@Suite("cachectl, end to end", .serialized, .timeLimit(.minutes(10)))
enum EndToEnd {}

extension EndToEnd {
    /// Parses one JSON object.
    static func object(_ text: some StringProtocol) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
        guard let object = value as? [String: Any] else {
            throw Program.Failure(description: "not a JSON object: \(text.prefix(200))")
        }
        return object
    }

    /// Checks that a command failed as documented.
    ///
    /// The command must exit with `status`, print one message that begins with `error: `, mention all `names`
    /// on standard error, and print nothing on standard output.
    static func expectFailure(
        _ outcome: Program.Outcome,
        status: Int,
        naming names: String...,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(outcome.status == status, "\(outcome)", sourceLocation: location)
        #expect(outcome.output.isEmpty, "\(outcome)", sourceLocation: location)
        let errors = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
        #expect(errors.count == 1, "\(outcome)", sourceLocation: location)
        #expect(!outcome.errors.contains("Fatal error"), "\(outcome)", sourceLocation: location)
        for name in names { #expect(outcome.errors.contains(name), "\(outcome)", sourceLocation: location) }
    }
}
