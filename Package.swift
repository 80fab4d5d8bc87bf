// swift-tools-version: 6.2
import PackageDescription

/// Settings shared by every Swift target of the package.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// Settings of the tests, which release builds compile file by file and without optimisation, too.
///
/// With their macros, that takes a third of the processor time. What they test is optimised.
let tests =
    strict + [
        .unsafeFlags(
            ["-Onone", "-no-whole-module-optimization", "-enable-batch-mode"],
            .when(configuration: .release)
        )
    ]

let package = Package(
    name: "CacheStore",
    products: [
        .library(name: "CacheStore", targets: ["CacheStore"]),
        .library(name: "CacheStoreRemote", targets: ["CacheStoreRemote"]),
        .executable(name: "cachectl", targets: ["cachectl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        // MARK: - C libraries of the system
        .systemLibrary(
            name: "CZstd",
            pkgConfig: "libzstd",
            providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]
        ),
        .systemLibrary(
            name: "CSQLite",
            pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]
        ),
        .systemLibrary(
            name: "CZlib",
            pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]
        ),
        .systemLibrary(name: "CLinux"),

        // MARK: - Library
        .target(
            name: "CacheStore",
            dependencies: [
                "CLinux",
                "CSQLite",
                "CZlib",
                "CZstd",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),

        // MARK: - Archives on servers and in registries
        .target(
            name: "CacheStoreRemote",
            dependencies: [
                "CacheStore",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),

        // MARK: - Command line
        .executableTarget(
            name: "cachectl",
            dependencies: [
                "CacheStore",
                "CacheStoreRemote",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),

        // MARK: - Benchmarks
        .executableTarget(
            name: "microbenchmark",
            dependencies: [
                "CacheStore",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Benchmarks/micro",
            exclude: ["measure.py"],
            swiftSettings: strict
        ),

        // MARK: - Tests
        .testTarget(
            name: "CacheStoreTests",
            dependencies: [
                "CacheStore",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            // An archive of every version of the format that was released: read through its path.
            exclude: ["Golden"],
            swiftSettings: tests
        ),
        .testTarget(
            name: "CacheStoreRemoteTests",
            dependencies: [
                "CacheStore",
                "CacheStoreRemote",
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: tests
        ),
        .testTarget(
            name: "ClientTests",
            // These tests import the library as its users do, so that they see what is public and nothing else.
            dependencies: [
                "CacheStore",
                "CacheStoreRemote",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: tests
        ),
        .testTarget(
            name: "EndToEndTests",
            // Named so that the tool is built; the tests run it as a user would.
            dependencies: ["cachectl"],
            exclude: ["Fixtures"],
            swiftSettings: tests
        ),
        .testTarget(
            name: "cachectlTests",
            dependencies: [
                "cachectl",
                "CacheStore",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: tests
        ),
    ]
)
