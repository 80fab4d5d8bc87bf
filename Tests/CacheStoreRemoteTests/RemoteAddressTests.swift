import CacheStore
import Testing

@testable import CacheStoreRemote

@Suite struct RemoteAddressTests {
    @Test func webAddressesAreParsed() throws {
        let address = try WebAddress("HTTPS://Cache.Example:8443/a b/ü.castore?X-Sig=s3cr3t/%2F#part")
        #expect(address.host == "cache.example")
        #expect(address.port == 8443)
        #expect(address.isEncrypted)
        #expect(address.path == "/a%20b/%C3%BC.castore")
        #expect(address.request == "https://cache.example:8443/a%20b/%C3%BC.castore?X-Sig=s3cr3t/%2F")
        #expect(try WebAddress("https://h").request == "https://h/")
        #expect(try WebAddress("https://h:443/x").origin == "https://h")
        #expect(try WebAddress("http://h:80?q").request == "http://h/?q")
        #expect(try WebAddress("http://[::1]:80/").isLoopback)
        #expect(try WebAddress("http://127.8.9.1/").isLoopback)
        #expect(try !WebAddress("http://127.example.com/").isLoopback)
        #expect(try WebAddress("https://h/100%/%zz").path == "/100%25/%25zz")
    }

    @Test func noTextOfAnAddressShowsItsQuery() throws {
        let address = try WebAddress("https://h/x?signature=s3cr3t")
        var dumped = ""
        dump(address, to: &dumped)
        dump(RemoteAddress.web(address), to: &dumped)
        for text in ["\(address)", String(reflecting: address), dumped, "\(RemoteAddress.web(address))"] {
            #expect(!text.contains("s3cr3t"), "\(text)")
        }
    }

    @Test(arguments: [
        "ftp://h/x", "https:/h/x", "https://", "https:///x", "https://h:0/x", "https://h:70000/",
        "https://h:+1/",
        "https://h:x/", "https://ex ample/", "https://exämple/", "oci://ghcr.io", "oci:///x", "oci://h/UPPER",
        "oci://h/x:", "oci://h/x:-t", "oci://h/x@sha256:12", "oci://h/x@md5:12", "oci://h/a//b", "oci://h/",
        "oci://h/a_.b", "https://[::1/", "oci://h/a/../b",
    ])
    func otherTextsAreNoAddress(_ text: String) async {
        await expectError(.badArgument, "the address can't be used") { _ = try RemoteAddress(text) }
    }

    @Test(arguments: ["https://user:s3cr3t@h/x", "oci://user:s3cr3t@ghcr.io/a/b", "https://s3cr3t@h:1/"])
    func aPasswordIsRefusedAndNotRepeated(_ text: String) async {
        await expectError(.badArgument, "a user or a password", without: "s3cr3t") {
            _ = try RemoteAddress(text)
        }
    }

    @Test func registryAddressesAreParsed() throws {
        let digest = String(repeating: "0a", count: 32)
        for (text, canonical) in [
            ("oci://ghcr.io/o/n", "oci://ghcr.io/o/n:latest"),
            ("OCI://GHCR.io/o/n:v1.0", "oci://ghcr.io/o/n:v1.0"),
            ("oci://localhost:5000/n:t", "oci://localhost:5000/n:t"),
            ("oci://docker.io/golang:1.25", "oci://docker.io/library/golang:1.25"),
            ("oci://index.docker.io/o/n", "oci://docker.io/o/n:latest"),
            ("oci://h:1/a/b-c__d.e@sha256:\(digest)", "oci://h:1/a/b-c__d.e@sha256:\(digest)"),
            ("oci://h/a:tag@sha256:\(digest)", "oci://h/a@sha256:\(digest)"),
            ("oci://[::1]:5000/n", "oci://[::1]:5000/n:latest"), ("oci://h/a--b", "oci://h/a--b:latest"),
        ] {
            #expect(try RemoteAddress(text).description == canonical)
        }
        #expect(try RegistryAddress("docker.io/golang").server == "registry-1.docker.io")
        #expect(try RegistryAddress("localhost:5000/n").isLoopback)
        #expect(try RegistryAddress("[::1]:5000/n").isLoopback)
        #expect(try !RegistryAddress("localhost.example/n").isLoopback)
    }

    @Test func addressesAreToldFromPaths() {
        for text in ["https://h/x", "HTTP://h", "oci://h/x"] { #expect(RemoteAddress.isAddress(text)) }
        for text in ["x.castore", "/a/https://h", "oci:x", "file:///x", "./oci://h/x"] {
            #expect(!RemoteAddress.isAddress(text))
        }
    }

    @Test func referencesOfServersAreResolved() throws {
        let base = try WebAddress("https://h:1/a/b/c?q=1")
        for (reference, whole) in [
            ("https://o/x?y", "https://o/x?y"), ("//o/x", "https://o/x"), ("/x?y", "https://h:1/x?y"),
            ("x", "https://h:1/a/b/x"), ("../x?y=1", "https://h:1/a/x?y=1"), ("./", "https://h:1/a/b/"),
            ("?r=2", "https://h:1/a/b/c?r=2"), ("", "https://h:1/a/b/c?q=1"), ("/a/../../b", "https://h:1/b"),
            ("..", "https://h:1/a/"),
        ] {
            #expect(try base.resolving(reference).request == whole, "\(reference)")
        }
    }
}
