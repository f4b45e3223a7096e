package registry

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkDocumentOfARegistry reads a document of 1,000 versions.
func BenchmarkDocumentOfARegistry(b *testing.B) {
	var text strings.Builder
	text.WriteString(`{"_id":"pkg","name":"pkg","dist-tags":{"latest":"1.999.0"},"versions":{`)
	for i := range 1000 {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `"1.%d.0":{"name":"pkg","version":"1.%d.0","description":"a package that does \"things\" with {braces}","keywords":["a","b","c"],"dependencies":{"lodash":"^4.17.0","express":"~4.%d.0"},"devDependencies":{"jest":"^29"},"engines":{"node":">=18"},"dist":{"integrity":"sha512-%088d","shasum":"%040x","tarball":"https://registry.example/pkg/-/pkg-1.%d.0.tgz","fileCount":12,"unpackedSize":123456,"signatures":[{"keyid":"SHA256:x","sig":"MEUC"}]},"_npmUser":{"name":"a"},"maintainers":[{"name":"a"}],"scripts":{"test":"jest"}}`, i, i, i, i, i, i)
	}
	text.WriteString(`},"time":{`)
	for i := range 1000 {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `"1.%d.0":"2024-01-01T00:00:00.000Z"`, i)
	}
	text.WriteString(`}}`)
	raw := []byte(text.String())
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		short, err := distill(raw)
		if err != nil {
			b.Fatal(err)
		}
		p, err := ReadPackument(short)
		if err != nil || len(p.Versions) != 1000 {
			b.Fatal(err)
		}
	}
}
