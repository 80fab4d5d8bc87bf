import CacheStore
import Foundation
import Testing

@testable import CacheStoreRemote

@Suite struct ArtifactManifestTests {
    private func id(_ text: String) -> ObjectID { ContentHasher.hash(Array(text.utf8).span) }

    private func read(_ text: String) throws -> ArtifactManifest {
        let bytes = Array(text.utf8)
        let manifest = Registry.Manifest(
            bytes: bytes,
            digest: ContentHasher.hash(bytes.span),
            mediaType: ArtifactManifest.mediaType
        )
        return try ArtifactManifest(manifest, name: "oci://h/n:t")
    }

    @Test func aManifestIsReadAsItWasWritten() throws {
        let manifest = ArtifactManifest(
            layers: [
                .init(
                    digest: id("a"),
                    byteCount: 1 << 33,
                    title: "aws.castore",
                    archiveDigest: id("b"),
                    indexDigest: id("c"),
                    frameByteCount: 1 << 32,
                    labels: ["aws", "a\"b,c/d"],
                    goVersions: ["go1.25.5"],
                    targets: ["linux/amd64"]
                ), .init(digest: id("d"), byteCount: 0),
            ],
            annotations: ["org.opencontainers.image.source": "https://example.com/a/b"]
        )
        #expect(try read(String(decoding: manifest.bytes, as: UTF8.self)) == manifest)
        #expect(manifest.bytes == manifest.bytes)
    }

    @Test func theBytesOfAManifestAreThoseOfTheSpecification() {
        let layer = ArtifactManifest.Layer(digest: id("a"), byteCount: 3, labels: ["x/y"])
        let text = String(decoding: ArtifactManifest(layers: [layer]).bytes, as: UTF8.self)
        let empty = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        #expect(
            text == """
                {"artifactType":"application/vnd.cachestore.archive.v1","config":{"digest":"sha256:\(empty)",\
                "mediaType":"application/vnd.oci.empty.v1+json","size":2},"layers":[{"annotations":\
                {"cachestore.labels":"[\\"x/y\\"]"},"digest":"sha256:\(id("a"))","mediaType":\
                "application/vnd.cachestore.archive.v1.castore","size":3}],"mediaType":\
                "application/vnd.oci.image.manifest.v1+json","schemaVersion":2}
                """
        )
    }

    @Test func otherManifestsAreTold() async {
        let digest = "sha256:\(id("a"))"
        let layer =
            #"{"mediaType":"application/vnd.cachestore.archive.v1.castore","digest":"\#(digest)","size":3}"#
        let empty = #"{"mediaType":"application/vnd.oci.empty.v1+json","digest":"\#(digest)","size":2}"#
        let ours = #""artifactType":"application/vnd.cachestore.archive.v1","config":\#(empty)"#
        func annotated(_ name: String, _ value: String) -> String {
            layer.replacing(":3}", with: #":3,"annotations":{"\#(name)":"\#(value)"}}"#)
        }
        for (text, words) in [
            ("", "not the JSON"), ("[]", "not the JSON"), ("{}", "no layers"),
            (#"{"manifests":[]}"#, "an index of several images"),
            (
                "{\"config\":\(empty.replacing("oci.empty", with: "oci.image.config")),\"layers\":[]}",
                "it is a container image"
            ),
            (
                #"{"artifactType":"application/x-other","config":\#(empty),"layers":[\#(layer)]}"#,
                "`application/x-other`"
            ),
            ("{\(ours),\"layers\":[]}", "0 layers"),
            (
                "{\(ours),\"layers\":[\(layer.replacing("archive.v1.castore", with: "archive.v2"))]}",
                "a layer has the type"
            ),
            ("{\(ours),\"layers\":[\(layer.replacing("sha256:", with: "sha512:"))]}", "no SHA-256"),
            ("{\(ours),\"layers\":[\(layer.replacing(":3}", with: ":-3}"))]}", "no SHA-256"),
            (
                "{\(ours),\"layers\":[\(annotated("cachestore.index.sha256", "x"))]}", "annotations"
            ),
            (
                "{\(ours),\"layers\":[\(annotated("cachestore.frames.bytes", "4"))]}", "annotations"
            ),
            (
                "{\(ours),\"layers\":[\(Array(repeating: layer, count: 1001).joined(separator: ","))]}",
                "1001 layers"
            ),
        ] {
            await expectError(.notAnArchive, words) { _ = try read(text) }
        }
    }
}
