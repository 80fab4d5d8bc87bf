import Testing

@testable import CacheStore

@Suite("The time that a restore gives to an entry")
struct EntryTimesTests {
    private static let now = 1_700_000_001
    private static let hour = 3_600
    private let stamp = RestoreStamp(restoredAt: now)
    private var stamped: EntryTimes { .stamped(stamp) }

    @Test("leaves an entry alone that was used within the last day, so that it still counts as used")
    func used() {
        for age in [0, 1, Self.hour, 23 * Self.hour, -Self.hour, -24 * Self.hour] {
            let found = Self.now - age
            #expect(stamped.change(ofWanted: found) == nil, "\(age)")
            #expect(stamped.change(ofOther: found) == nil, "\(age)")
            #expect(stamped.time(replacing: found) == found, "\(age)")
            #expect(found >= stamp.earliestUse, "\(age)")
        }
    }

    @Test("of a seal gives way, because Go would never mark the entry")
    func sealed() {
        for seal in [BuildCacheLayout.sealTime, BuildCacheLayout.earliestSealTime, Self.now + 25 * Self.hour]
        {
            #expect(stamped.change(ofWanted: seal) == stamp.entryTime)
            #expect(stamped.change(ofOther: seal) == stamp.entryTime)
            #expect(stamped.time(replacing: seal) == stamp.entryTime)
        }
    }

    @Test("of an older restore stays until the entry is another day older, and never counts as used")
    func old() {
        for age in [0, Self.hour, 12 * Self.hour, 23 * Self.hour] {
            let older = RestoreStamp(restoredAt: Self.now - age).entryTime
            #expect(stamped.change(ofWanted: older) == nil, "\(age)")
            #expect(older < stamp.earliestUse, "\(age)")
        }
        for days in [3, 4, 400] {
            let found = Self.now - days * 24 * Self.hour
            #expect(stamped.change(ofWanted: found) == stamp.entryTime)
            // Go removes entries that nobody wants.
            #expect(stamped.change(ofOther: found) == nil)
            #expect(stamped.time(replacing: found) == stamp.entryTime)
        }
    }

    @Test("in a sealed cache is that of the seal")
    func seal() {
        let times = EntryTimes.sealed(BuildCacheLayout.sealTime)
        for found in [0, Self.now, BuildCacheLayout.earliestSealTime] {
            #expect(times.change(ofWanted: found) == BuildCacheLayout.sealTime)
            #expect(times.change(ofOther: found) == nil)
            #expect(times.time(replacing: found) == BuildCacheLayout.sealTime)
        }
        #expect(times.change(ofWanted: BuildCacheLayout.sealTime) == nil)
    }
}
