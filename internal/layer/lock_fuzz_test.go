package layer

import (
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// FuzzLock holds that what is decoded can be encoded, and that what is encoded is
// decoded to the same: a state keeps it for years.
func FuzzLock(f *testing.F) {
	f.Add(`{"format":1,"layout":1,"runtimes":["python3.12"],"architectures":["x86_64"],"files":[{"source":"a b","target":"x","tree":"0000000000000000000000000000000000000000000000000000000000000001","count":1}]}`)
	f.Add(`{"format":1,"layout":1,"runtimes":[],"architectures":null,"downloads":[{"url":"https://h/${A}","sha256":"0000000000000000000000000000000000000000000000000000000000000001","size":1},{"path":"../x y","sha256":"0000000000000000000000000000000000000000000000000000000000000001","size":1}]}`)
	f.Add(`{"format":1,"layout":1,"runtimes":["nodejs22.x"],"architectures":["x86_64"],"nodejs":{"request":"0000000000000000000000000000000000000000000000000000000000000001","project":".","trees":[{"runtimes":["nodejs22.x"],"packages":["a%20b@1 sha1-qvTGHdzF6KLavt4PO0gs2a6pQ00= file:x%20y.tgz"]}]}}`)
	f.Add(`{"format":1,"layout":1,"images":[{"image":"a","files":{"/x":"y"},"pins":null}],"prune":{"rules":2,"presets":["tests"]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		if len(text) > 64<<10 {
			return
		}
		l, err := DecodeLock(text)
		if err != nil {
			return
		}
		once, err := l.Encode()
		if err != nil {
			t.Fatalf("%q is decoded and cannot be encoded: %v", text, err)
		}
		again, err := DecodeLock(once)
		if err != nil {
			t.Fatalf("%q is encoded as %q, which cannot be decoded: %v", text, once, err)
		}
		if twice, err := again.Encode(); err != nil || twice != once {
			t.Errorf("%q is encoded as %q and then as %q, %v", text, once, twice, err)
		}
	})
}

// TestLocksOfEveryInputAreEncodedWhole encodes what was resolved of awkward names.
func TestLocksOfEveryInputAreEncodedWhole(t *testing.T) {
	t.Parallel()
	b := nodeBuilder(t, indextest.NewNPM(t, nodeUniverse))
	archive := tarball(t, map[string]string{"a b/c=d@e": "x"})
	server := serve(t, map[string]string{"/a%20b.tar.gz": archive, "/a b.tar.gz": archive})
	s := nodeSpec("web ^1.0.0")
	s.Downloads = []DownloadSpec{{URL: server.URL + "/a%20b.tar.gz?v=1", Files: map[string]string{"a b/*": "x y/"}}}
	content := "{\"a\": \"<\\u2028&>\"}"
	s.Files = []FileSpec{{Content: &content, Target: "data/ü \" \\ .json"}}
	s.Files[0].Target = "data/ü 100%.json"
	l := resolve(t, b, s, nil)
	text, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := DecodeLock(text)
	if err != nil {
		t.Fatal(err)
	}
	if twice, err := again.Encode(); err != nil || twice != text {
		t.Errorf("encoded again: %s, %v\nwant %s", twice, err, text)
	}
}
