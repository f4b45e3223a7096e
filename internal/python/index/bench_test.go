package index

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkPageOfAnIndex reads a page of 5,000 files.
func BenchmarkPageOfAnIndex(b *testing.B) {
	var page strings.Builder
	page.WriteString(`{"meta":{"api-version":"1.1"},"name":"numpy","files":[`)
	for i := range 5000 {
		if i > 0 {
			page.WriteByte(',')
		}
		fmt.Fprintf(&page, `{"core-metadata":{"sha256":"%064x"},"data-dist-info-metadata":{"sha256":"%064x"},"filename":"numpy-2.0.%d-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl","hashes":{"sha256":"%064x"},"provenance":"https://index.example/integrity/numpy/%d","requires-python":">=3.9","size":%d,"upload-time":"2024-08-26T20:11:39.098765Z","url":"https://files.example/packages/%02x/numpy-2.0.%d-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl","yanked":false}`, i, i, i, i, i, i*1000, i, i)
	}
	page.WriteString(`],"versions":["1.0"]}`)
	body := []byte(page.String())
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		files, _, err := parseSimple(body, "application/json")
		if err != nil || len(files) != 5000 || files[4999].Size != 4999000 {
			b.Fatal(len(files), err)
		}
	}
}
