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

    @Test("that comes twice at once is one signal, as timeout(1) sends it", arguments: numbers)
    func twice(number: Int32) async {
        await #expect(processExitsWith: .success) { [number] in
            signal(number, SIG_DFL)
            Signals.unblock()
            try Signals.listen()
            do {
                try await Signals.cancelling(consequence: "gone") {
                    for _ in 1...2 {
                        kill(getpid(), number)
                        usleep(1000)
                    }
                    try await Task.sleep(for: .seconds(60))
                }
            } catch let interruption as Interruption {
                // Time for a thread that would end the process.
                usleep(200_000)
                #expect(interruption.signal == number)
            }
        }
    }

    @Test("that comes again ends the process at once")
    func again() async {
        await #expect(processExitsWith: .exitCode(128 + SIGINT)) {
            signal(SIGINT, SIG_DFL)
            Signals.unblock()
            try Signals.listen()
            try await Signals.cancelling(consequence: "gone") {
                for _ in 1...2 {
                    kill(getpid(), SIGINT)
                    usleep(300_000)
                }
                while true { usleep(1000) }
            }
        }
    }
}
