import AsyncHTTPClient
import CacheStore
import NIOCore
import NIOHTTP1
import Synchronization

/// A client for web servers and registries: connections, deadlines, redirects and retries.
///
/// One client serves any number of files and registries at once. ``shutdown()`` closes its connections.
public final class RemoteClient: Sendable {
    /// The manners of the client.
    public let options: RemoteOptions

    /// The kind of a connection: each has an HTTP client of its own.
    private struct Kind: Hashable {
        var isEncrypted: Bool
        var proxy: WebProxy?
    }

    private let clients = Mutex<[Kind: HTTPClient]>([:])
    private let warned = Mutex<Set<String>>([])
    private let slots: ConnectionSlots

    /// Creates a client, which connects to nothing yet.
    public init(options: RemoteOptions = RemoteOptions()) {
        self.options = options
        slots = ConnectionSlots(limit: options.connections)
    }

    deinit {
        for client in clients.withLock({ $0.values }) { client.shutdown { _ in } }
    }

    /// Closes all connections; requests that are not finished fail.
    public func shutdown() async {
        let all = clients.withLock { clients in
            defer { clients = [:] }
            return Array(clients.values)
        }
        for client in all { try? await client.shutdown() }
    }

    /// Returns the HTTP client for an address.
    private func client(for address: WebAddress) throws(CacheStoreError) -> HTTPClient {
        let kind = Kind(
            isEncrypted: address.isEncrypted,
            proxy: WebProxy(for: address, options.environment)
        )
        if let client = clients.withLock({ $0[kind] }) { return client }
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        if address.isEncrypted {
            configuration.tlsConfiguration = try TrustedCertificates.configuration(options.environment)
        }
        configuration.timeout = .init(connect: .nanoseconds(Self.nanoseconds(options.connectTimeout)))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(1, options.connections)
        // Failures are counted and told here, so the library must not try again by itself.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Ranges that are read at once use one connection each: a window of HTTP/2 would bound them together.
        configuration.httpVersion = .http1Only
        configuration.proxy = kind.proxy?.setting
        return clients.withLock { clients in
            if let client = clients[kind] { return client }
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            clients[kind] = client
            return client
        }
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return min(seconds, 1 << 32) * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}

// MARK: - Requests

extension RemoteClient {
    /// Sends a request once, follows redirects, and hands over the answer.
    ///
    /// - Parameters:
    ///   - request: The request. Its authorization goes to the origin of its address only.
    ///   - handle: Called with the answer, to read its body.
    /// - Returns: The result of `handle`.
    /// - Throws: ``WebFailure`` for what another try may mend, ``CacheStoreError``, `CancellationError`, or
    ///   the error of `handle`.
    func send<Result: Sendable>(
        _ request: WebRequest,
        _ handle: @escaping @Sendable (WebResponse) async throws -> Result
    ) async throws -> Result {
        try Task.checkCancellation()
        let watch = StallWatch(limit: request.patience ?? options.stallTimeout)
        return try await watch.run {
            var request = request
            for _ in 0...max(0, self.options.redirects) {
                let origin = request.address.origin
                try await watch.pausing { try await self.slots.take(origin) }
                defer { self.slots.give(origin) }
                let response = try await self.exchange(request, watch)
                guard let next = try self.redirect(response, of: request) else {
                    return try await handle(response)
                }
                await response.finish()
                request = next
            }
            throw CacheStoreError(
                .network,
                "cannot follow `\(request.address)`: the server has redirected more than "
                    + "\(self.options.redirects) times"
            )
        }
    }

    /// Sends a request and returns the head of the answer.
    private func exchange(_ request: WebRequest, _ watch: StallWatch) async throws -> WebResponse {
        try check(request.address)
        let client = try client(for: request.address)
        var message = HTTPClientRequest(url: request.address.request)
        message.method = request.method
        message.headers.add(name: "User-Agent", value: "cachestore")
        for (name, value) in request.headers { message.headers.add(name: name, value: value) }
        if let authorization = request.authorization {
            // The library's own error would show the header.
            guard authorization.value.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
                throw CacheStoreError(
                    .badArgument,
                    "cannot sign in to `\(request.address.authority)`: the token has characters that no "
                        + "header may have",
                    remedy: .signIn
                )
            }
            message.headers.replaceOrAdd(name: "Authorization", value: authorization.value)
        }
        switch request.body {
        case nil: break
        case .bytes(let bytes): message.body = .bytes(ByteBuffer(bytes: bytes))
        case .range(var blob):
            blob.watch = watch
            message.body = .stream(blob, length: .known(Int64(blob.range.count)))
        }
        do {
            let response = try await client.execute(message, deadline: .distantFuture)
            watch.touch()
            return WebResponse(response, to: request, watch)
        } catch let error as CacheStoreError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw WebFailure(error)
        }
    }

    /// Returns the request that a redirect asks for, or `nil` if the answer is no redirect.
    private func redirect(_ response: WebResponse, of request: WebRequest) throws -> WebRequest? {
        guard [301, 302, 303, 307, 308].contains(response.status) else { return nil }
        func refused(_ reason: String) -> CacheStoreError {
            CacheStoreError(.network, "cannot follow the redirect of `\(request.address)`: \(reason)")
        }
        guard let location = response.header("location") else { throw refused("it names no place") }
        let place: WebAddress
        do {
            place = try request.address.resolving(location)
            try check(place)
        } catch { throw refused(error.message) }
        guard place.isEncrypted || !request.address.isEncrypted else {
            throw refused("it leads to plain HTTP at `\(place)`")
        }
        guard request.secret == nil || place.origin == request.address.origin else {
            throw refused("it leads to another server, `\(place)`, which must not get the credentials")
        }
        let isReading = request.method == .GET || request.method == .HEAD
        guard isReading || response.status >= 307 || request.method == .POST && response.status == 303 else {
            throw refused("a request that sends something is redirected with status \(response.status)")
        }
        return request.redirected(to: place, isReadAnew: response.status == 303 && request.method == .POST)
    }

    /// Checks that the address may be used: plain HTTP is for this machine, or for whoever allowed it.
    func check(_ address: WebAddress) throws(CacheStoreError) {
        guard !address.isEncrypted, !address.isLoopback, !options.allowsPlainHTTP else { return }
        throw CacheStoreError(
            .badArgument,
            "cannot use `\(address)`: plain HTTP is allowed to this machine only",
            remedy: .encrypt
        )
    }

    /// Tries something until it succeeds, fails for good, or has failed too often.
    ///
    /// - Parameters:
    ///   - action: The action and its object, as in "cannot `action`: the connection broke".
    ///   - address: The address, without secrets, for the warning.
    ///   - attempt: One try.
    /// - Returns: The result of `attempt`.
    /// - Throws: The error of `attempt`; a ``WebFailure`` of the last try becomes a ``CacheStoreError`` with
    ///   code ``CacheStoreError/Code/network``.
    func retrying<Result>(
        _ action: String,
        at address: String,
        _ attempt: () async throws -> Result
    ) async throws -> Result {
        var failures = 0
        while true {
            do {
                return try await attempt()
            } catch let failure as WebFailure {
                try Task.checkCancellation()
                if failure.byteCount >= options.progressByteCount { failures = 0 }
                failures += 1
                let isWorthAnother = failure.wait.map { $0 <= options.longestRetryAfter } ?? true
                guard isWorthAnother, failures < min(options.tries, failure.tries ?? .max) else {
                    throw failure.error(action, tries: failures)
                }
                warn(address, failure)
                try await Task.sleep(for: wait(failures, failure))
            }
        }
    }

    /// Returns the wait after a failure: it grows, and varies so that many clients do not return at once.
    private func wait(_ failures: Int, _ failure: WebFailure) -> Duration {
        let grown = options.firstWait * (1 << min(failures - 1, 20))
        let own = min(grown, options.longestWait) * Double.random(in: 0.5...1)
        guard let asked = failure.wait else { return own }
        return max(own, asked)
    }

    private func warn(_ address: String, _ failure: WebFailure) {
        guard let warn = options.warn, warned.withLock({ $0.insert(address).inserted }) else { return }
        warn(Warning(code: .networkRetry, message: "`\(address)`: \(failure.words); trying again"))
    }
}
