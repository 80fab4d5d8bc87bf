import Glibc
import SystemPackage
import Testing

@testable import CacheStore

@Suite("The owners of entries")
struct EntryOwnersTests {
    private func owners(marked: Set<uid_t>, unmarked: Set<uid_t>) -> EntryOwners {
        var owners = EntryOwners()
        (owners.ofMarked, owners.ofUnmarked) = (marked, unmarked)
        return owners
    }

    @Test("hide no use where one user, or the superuser, restores, builds and packs")
    func one() {
        for user: uid_t in [0, 1000] {
            #expect(owners(marked: [user], unmarked: [user]).unmarkable(whenPackedBy: user) == [])
            #expect(owners(marked: [], unmarked: [user]).unmarkable(whenPackedBy: user) == [])
            // The superuser may pack, and may build in a user's cache.
            #expect(owners(marked: [user, 0], unmarked: [user]).unmarkable(whenPackedBy: 0) == [])
        }
    }

    @Test("hide uses of entries that somebody else restored than built or packs")
    func others() {
        #expect(owners(marked: [], unmarked: [0]).unmarkable(whenPackedBy: 1000) == [0])
        #expect(owners(marked: [1000], unmarked: [0, 1000]).unmarkable(whenPackedBy: 0) == [0])
        #expect(owners(marked: [1000], unmarked: [1000]).unmarkable(whenPackedBy: 1001) == [1000])
        #expect(
            owners(marked: [1000, 1001], unmarked: [1000, 1001]).unmarkable(whenPackedBy: 0) == [1000, 1001]
        )
    }

    @Test("are those of marked and of other entries; the time of a sealed one is no mark")
    func found() throws {
        let bench = try Workbench()
        let now = Int(time(nil))
        for (name, time) in [("used", now), ("idle", now - 100_000), ("sealed", BuildCacheLayout.sealTime)] {
            var model = CacheModel()
            model.addPair(name, Array(name.utf8))
            let caches = try bench.write(model, to: name)
            let path = try #require(caches.buildCache)
            try Files.setTime(
                time,
                of: bench.path("\(name)/\(CacheModel.action(CacheModel.id(name)))").string
            )
            let owners = try EntryOwners(in: path, markedSince: now - 86_400)
            #expect(owners.ofMarked == (name == "used" ? [geteuid()] : []), "\(name)")
            #expect(owners.ofUnmarked == (name == "idle" ? [geteuid()] : []), "\(name)")
        }
    }
}
