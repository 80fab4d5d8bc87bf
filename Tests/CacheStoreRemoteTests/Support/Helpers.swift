import CacheStore
import Synchronization
import Testing

@testable import CacheStoreRemote

/// Values that closures of a test collect.
final class Collector<Element: Sendable>: Sendable {
    private let storage = Mutex<[Element]>([])

    var all: [Element] { storage.withLock { $0 } }

    func add(_ element: Element) { storage.withLock { $0.append(element) } }
}

/// Options with short waits, and an environment without the user's own credentials.
///
/// A busy machine may take seconds for an answer, so only tests of stalls wait for less.
func quickOptions(_ environment: [String: String] = [:], stall: Duration = .seconds(30)) -> RemoteOptions {
    var options = RemoteOptions()
    options.firstWait = .milliseconds(5)
    options.longestWait = .milliseconds(20)
    options.stallTimeout = stall
    options.connectTimeout = .seconds(30)
    options.environment = environment
    return options
}

/// Calls `body` with a client that is shut down at the end.
func withClient<Result>(
    _ options: RemoteOptions = quickOptions(),
    _ body: (RemoteClient) async throws -> Result
) async throws -> Result {
    let client = RemoteClient(options: options)
    do {
        let result = try await body(client)
        await client.shutdown()
        return result
    } catch {
        await client.shutdown()
        throw error
    }
}

extension RemoteFile {
    /// Returns the bytes of a range.
    func bytes(_ range: Range<Int>) async throws -> [UInt8] {
        let storage = Mutex<[UInt8]>([])
        try await read(range) { piece in
            storage.withLock { bytes in
                for index in piece.indices { bytes.append(piece[index]) }
            }
        }
        return storage.withLock { $0 }
    }
}

/// Expects an error with a code and some words, and without other words.
func expectError(
    _ code: CacheStoreError.Code,
    _ words: String,
    without secret: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("there was no error", sourceLocation: sourceLocation)
    } catch let error as CacheStoreError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        #expect(error.description.contains(words), "\(error)", sourceLocation: sourceLocation)
        if let secret {
            #expect(!"\(String(reflecting: error)) \(error)".contains(secret), sourceLocation: sourceLocation)
        }
    } catch {
        Issue.record("another error: \(error)", sourceLocation: sourceLocation)
    }
}
