package pep440

import "testing"

func BenchmarkParse(b *testing.B) {
	inputs := []string{"1.26.14", "2.0.0rc1", "0.204.0.dev1", "5.0", "2024.1.2.post3"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := Parse(inputs[i%len(inputs)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	set, err := ParseSpecifiers(">=1.35.74,<1.36.0")
	if err != nil {
		b.Fatal(err)
	}
	v, err := Parse("1.35.80")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !set.Match(v) {
			b.Fatal("1.35.80 does not match")
		}
	}
}
