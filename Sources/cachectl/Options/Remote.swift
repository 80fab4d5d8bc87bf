import CacheStore
import CacheStoreRemote

/// The one client of this process for servers and registries.
enum Remote {
    /// The client.
    ///
    /// Plain HTTP to another machine is allowed by `CACHECTL_PLAIN_HTTP=1`.
    static let client: RemoteClient = {
        var options = RemoteOptions()
        options.allowsPlainHTTP = options.environment["CACHECTL_PLAIN_HTTP"] == "1"
        options.warn = { StandardError.write(Message($0)) }
        return RemoteClient(options: options)
    }()

    /// The archives that lie elsewhere; what is read of them lies in `$TMPDIR`.
    static var archives: RemoteArchives {
        RemoteArchives(client: client, scratch: ProgramPlaces.temporary())
    }
}
