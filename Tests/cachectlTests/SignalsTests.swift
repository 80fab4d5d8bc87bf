import Glibc
import Testing

@testable import cachectl

@Suite("A signal")
struct SignalsTests {
    /// The error of an operation that was not cancelled.
    private struct NotCancelled: Error {}

    private static let numbers = [SIGINT, SIGTERM, SIGHUP]

    @Test("cancels an operation that has only just begun", arguments: numbers)
    func atOnce(number: Int32) async {
        await #expect(processExitsWith: .success) { [number] in
            // A shell that runs these tests in its background ignores signals.
            signal(number, SIG_DFL)
            Signals.unblock()
            try Signals.listen()
            do {
                try await Signals.cancelling(consequence: "gone") {
                    kill(getpid(), number)
                    try await Task.sleep(for: .seconds(60))
                    throw NotCancelled()
                }
            } catch let interruption as Interruption {
                #expect(interruption.signal == number)
                #expect(interruption.consequence == "gone")
            }
        }
    }
}
