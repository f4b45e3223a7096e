package runtimes

import "testing"

func target(t *testing.T, id, architecture string) Target {
	t.Helper()
	r, err := Lookup(id)
	if err != nil {
		t.Fatal(err)
	}
	return Target{Runtime: r, Architecture: architecture}
}

func TestLibraryTellsPresentAbsentAndUnknown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id, architecture, soname string
		want                     Presence
	}{
		{"python3.11", X8664, "libc.so.6", Present},
		{"python3.11", X8664, "libnsl.so.1", Present},
		{"python3.12", X8664, "libnsl.so.1", LikelyAbsent},
		{"python3.12", X8664, "libexpat.so.1", Absent},
		{"python3.11", ARM64, "libexpat.so.1", Unknown},
		{"python3.11", X8664, "libgomp.so.1", Absent},
		{"python3.12", X8664, "libmvec.so.1", Present},
		{"python3.12", ARM64, "libmvec.so.1", Absent},
		{"nodejs20.x", X8664, "libglib-2.0.so.0", Present},
		{"nodejs18.x", X8664, "liblzma.so.5", Absent},
		{"python3.11", X8664, "liblzma.so.5", LikelyPresent},
		{"python3.12", X8664, "libpython3.12.so.1.0", LikelyPresent},
		{"python3.12", X8664, "libpython3.11.so.1.0", Unknown},
		{"python3.12", ARM64, "ld-linux-aarch64.so.1", Present},
		{"python3.12", ARM64, "ld-linux-x86-64.so.2", Absent},
		{"python3.12", X8664, "libbar.so.7", Unknown},
	} {
		if got := target(t, c.id, c.architecture).Library(c.soname); got != c.want {
			t.Errorf("%s on %s %s has presence %d, want %d", c.soname, c.id, c.architecture, got, c.want)
		}
	}
}

// What is certain against the file lists needs a report of its own.
func TestEveryAbsentLibraryHasASource(t *testing.T) {
	t.Parallel()
	for soname, row := range libraries {
		if (row.al2 == Absent || row.al2023 == Absent) && row.source == "" {
			t.Errorf("%s is said to be absent, and no report tells so", soname)
		}
	}
	if len(libraries) < 185 {
		t.Errorf("the table has %d rows", len(libraries))
	}
}

func TestHighestAndPrograms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, prefix, certain, latest string }{
		{"python3.11", "GLIBC", "2.26", "2.26"}, {"python3.11", "GLIBCXX", "3.4.24", "3.4.24"},
		{"python3.12", "GLIBC", "2.34", "2.34"}, {"python3.12", "GLIBCXX", "3.4.29", "3.4.33"},
	} {
		certain, latest, ok := target(t, c.id, X8664).Highest(c.prefix)
		if !ok || certain != c.certain || latest != c.latest {
			t.Errorf("Highest(%s) on %s = %s, %s, %t", c.prefix, c.id, certain, latest, ok)
		}
	}
	if _, _, ok := target(t, "python3.12", X8664).Highest("LIBFOO"); ok {
		t.Error("a prefix that nobody knows is known")
	}
	for _, c := range []struct {
		id, program string
		want        Presence
	}{
		{"python3.12", "python3", Present}, {"python3.12", "python3.12", Present}, {"python3.12", "python3.11", LikelyAbsent},
		{"python3.12", "node", LikelyAbsent}, {"nodejs22.x", "node", Present}, {"provided.al2023", "bash", Present}, {"nodejs22.x", "perl", LikelyAbsent},
	} {
		if got := target(t, c.id, X8664).Program(c.program); got != c.want {
			t.Errorf("%s on %s has presence %d, want %d", c.program, c.id, got, c.want)
		}
	}
	if abi, ok := target(t, "nodejs22.x", X8664).NodeABI(); abi != 127 || !ok || NodeOfABI(127) != "22" {
		t.Errorf("the ABI of nodejs22.x is %d, %t", abi, ok)
	}
	for _, r := range All() {
		if _, ok := r.NodeABI(); ok != (r.Family == NodeJS) {
			t.Errorf("the ABI of %s is missing, or should be", r.ID)
		}
	}
}
