// swift-tools-version: 6.2
import PackageDescription

// The fuzz targets are a package of their own, so that a build of CacheStore neither builds nor needs them.
// `Tests/fuzz.sh` builds this package, with the flags of the fuzzer.
let package = Package(
    name: "fuzz",
    dependencies: [
        .package(name: "CacheStore", path: "../.."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        .executableTarget(
            name: "fuzz",
            dependencies: [
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "CacheStore", package: "CacheStore"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources",
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]
        )
    ]
)
