import Testing
@testable import CacheStore
@Test func t() { #expect(ObjectID.byteCount == 32) }
