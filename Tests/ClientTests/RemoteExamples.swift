/// The code that the documentation of CacheStoreRemote shows; see `Examples.swift`.

// example: an archive in a registry
import CacheStore
import CacheStoreRemote

/// Restores what one job has packed, from the union of all in a registry.
func restore(job: String, from address: String, into caches: GoCaches) async throws {
    let client = RemoteClient()
    let archive = try await RemoteArchives(client: client).open(RemoteAddress(address))
    var options = Restore.Options()
    options.only = [job]
    try await Restore(options: options).run(archive, into: caches)
    await client.shutdown()
}
// end of example
