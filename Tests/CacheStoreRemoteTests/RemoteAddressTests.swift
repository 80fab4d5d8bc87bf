import CacheStore
import Testing

@testable import CacheStoreRemote

@Suite struct RemoteAddressTests {}
