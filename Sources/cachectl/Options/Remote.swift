import ArgumentParser
import CacheStore
import CacheStoreRemote
import SystemPackage

/// The one client of this process for servers and registries.
enum Remote {
    /// The client.
    ///
    /// Plain HTTP to another machine is allowed by `CACHECTL_PLAIN_HTTP=1`.
    static let client = RemoteClient(options: options)

    /// Returns the repository of the same registry that an option names: alone, or as an address.
    ///
    /// - Throws: `ValidationError`.
    static func mounted(_ word: String?, by address: RegistryAddress) throws -> String? {
        guard let word else { return nil }
        let isWhole = word.lowercased().hasPrefix("oci://")
        let text = isWhole ? word : "oci://\(address.registry)/\(word)"
        guard let found = try? RegistryAddress(text), found.registry == address.registry else {
            throw ValidationError(
                "`--mount-from` is `\(word)`, and must be a repository of \(address.registry)"
            )
        }
        return found.repository
    }

    /// Returns the line on the bytes of a push.
    static func sent(_ sent: Int, present: Int, mounted: Int) -> String {
        let other = mounted > 0 ? ", \(HumanFormat.bytes(mounted)) were in the other repository" : ""
        return
            "sent      \(HumanFormat.bytes(sent)), \(HumanFormat.bytes(present)) were there already\(other)"
    }

    private static var options: RemoteOptions {
        var options = RemoteOptions()
        options.allowsPlainHTTP = options.environment["CACHECTL_PLAIN_HTTP"] == "1"
        options.warn = { StandardError.write(Message($0)) }
        return options
    }

    /// The archives that lie elsewhere; what is read of them lies in `$TMPDIR`.
    static var archives: RemoteArchives {
        RemoteArchives(client: client, scratch: ProgramPlaces.temporary())
    }

    /// The archives that serve a build, with the directory for what is read of them.
    ///
    /// A build can do without them, and must not wait long: a server that fails is soon given up, for some
    /// minutes.
    static func servedArchives(in directory: FilePath) -> RemoteArchives {
        var options = options
        (options.tries, options.stallTimeout, options.connectTimeout) = (3, .seconds(10), .seconds(5))
        (options.longestWait, options.longestRetryAfter) = (.seconds(1), .seconds(5))
        var archives = RemoteArchives(client: RemoteClient(options: options), scratch: directory)
        archives.patience = .seconds(300)
        return archives
    }
}
