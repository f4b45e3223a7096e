package s3object

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

var (
	one   = Stored{Key: "a.zip", ETag: `"1"`}
	two   = Stored{Key: "b.zip", ETag: `"2"`}
	three = Stored{Key: "c.zip", ETag: `"3"`}
	// v1 to v3 are versions of one key.
	v1 = Stored{Key: "k.zip", VersionID: "v1", ETag: `"1"`}
	v2 = Stored{Key: "k.zip", VersionID: "v2", ETag: `"2"`}
	v3 = Stored{Key: "k.zip", VersionID: "v3", ETag: `"3"`}
)

func TestDue(t *testing.T) {
	t.Parallel()
	tagged := Settings{Tags: map[string]string{"team": "a"}}
	for name, c := range map[string]struct {
		record Record
		wish   Wish
		want   Reason
	}{
		"nothing yet":        {Record{}, Wish{Key: "a.zip", SHA256: "A"}, NotThere},
		"as it is":           {Record{Current: one, SHA256: "A"}, Wish{Key: "a.zip", SHA256: "A"}, NotDue},
		"another key":        {Record{Current: one, SHA256: "A"}, Wish{Key: "b.zip", SHA256: "A"}, OtherKey},
		"other bytes":        {Record{Current: v1, SHA256: "A"}, Wish{Key: "k.zip", SHA256: "B"}, OtherBytes},
		"unknown bytes":      {Record{Current: v1}, Wish{Key: "k.zip", SHA256: "A"}, OtherBytes},
		"another key of KMS": {Record{Current: one, SHA256: "A"}, Wish{Key: "a.zip", SHA256: "A", Settings: Settings{KMSKeyID: "k"}}, OtherSettings},
		"another class":      {Record{Current: one, SHA256: "A", Settings: Settings{StorageClass: "STANDARD_IA"}}, Wish{Key: "a.zip", SHA256: "A"}, OtherSettings},
		"other tags":         {Record{Current: one, SHA256: "A", Settings: tagged}, Wish{Key: "a.zip", SHA256: "A"}, OtherSettings},
		"no tags and none":   {Record{Current: one, SHA256: "A"}, Wish{Key: "a.zip", SHA256: "A", Settings: Settings{Tags: map[string]string{}}}, NotDue},
		"only keep_last":     {Record{Current: one, SHA256: "A", Retained: []Stored{two}}, Wish{Key: "a.zip", SHA256: "A", KeepLast: 1}, NotDue},
	} {
		if got := c.record.Due(c.wish); got != c.want {
			t.Errorf("%s: due %d, want %d", name, got, c.want)
		}
	}
}

func TestAfterAndRetiring(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		record         Record
		wish           Wish
		put            Stored
		found          bool
		retired        []Stored
		after          []Stored // retained
		adopted        bool
		ownedByDestroy []Stored
	}{
		"the first": {Record{}, Wish{Key: "a.zip", SHA256: "A", KeepLast: 1}, one, false, nil, nil, false, []Stored{one}},
		"one that was there": {
			Record{}, Wish{Key: "a.zip", SHA256: "A"}, one, true, nil, nil, true, nil,
		},
		"the next, by content": {
			Record{Current: one, SHA256: "A"}, Wish{Key: "b.zip", SHA256: "B", KeepLast: 2}, two, false, nil, []Stored{one}, false, []Stored{two, one},
		},
		"the next, alone": {
			Record{Current: one, SHA256: "A"}, Wish{Key: "b.zip", SHA256: "B", KeepLast: 1}, two, false, []Stored{one}, nil, false, []Stored{two},
		},
		"the next of a fixed key without versions": {
			Record{Current: Stored{Key: "k.zip", ETag: `"1"`}, SHA256: "A"}, Wish{Key: "k.zip", SHA256: "B", KeepLast: 1},
			Stored{Key: "k.zip", ETag: `"2"`}, false, nil, nil, false, []Stored{{Key: "k.zip", ETag: `"2"`}},
		},
		"the next of a fixed key with versions": {
			Record{Current: v2, SHA256: "B", Retained: []Stored{v1}}, Wish{Key: "k.zip", SHA256: "C", KeepLast: 2}, v3, false, []Stored{v1}, []Stored{v2}, false, []Stored{v3, v2},
		},
		"back to an older one, by content": {
			Record{Current: two, SHA256: "B", Retained: []Stored{one}}, Wish{Key: "a.zip", SHA256: "A", KeepLast: 1}, one, true, []Stored{two}, nil, false, []Stored{one},
		},
		"after one that was adopted": {
			Record{Current: one, SHA256: "A", Adopted: true}, Wish{Key: "b.zip", SHA256: "B", KeepLast: 1}, two, false, nil, nil, false, []Stored{two},
		},
		"after one that is gone": {
			Record{Retained: []Stored{two}}, Wish{Key: "a.zip", SHA256: "A", KeepLast: 2}, one, false, nil, []Stored{two}, false, []Stored{one, two},
		},
		"fewer are kept": {
			Record{Current: three, SHA256: "C", Retained: []Stored{two, one}}, Wish{Key: "c.zip", SHA256: "C", KeepLast: 2}, three, false, []Stored{one}, []Stored{two}, false, []Stored{three, two},
		},
	} {
		retired := c.record.Retiring(c.wish)
		after := c.record.After(c.wish, c.put, c.found).Without(retired...)
		if !slices.Equal(retired, c.retired) || !slices.Equal(after.Retained, c.after) || after.Adopted != c.adopted || !slices.Equal(after.Owned(), c.ownedByDestroy) {
			t.Errorf("%s: retires %v, keeps %v, adopted %t, a destroy deletes %v\nwant %v, %v, %t, %v",
				name, retired, after.Retained, after.Adopted, after.Owned(), c.retired, c.after, c.adopted, c.ownedByDestroy)
		}
		if after.Due(c.wish) != NotDue {
			t.Errorf("%s: is due again for reason %d", name, after.Due(c.wish))
		}
	}
}

func TestSeen(t *testing.T) {
	t.Parallel()
	plain := Record{Current: one, SHA256: "A", Retained: []Stored{two}}
	versioned := Record{Current: v1, SHA256: "A"}
	adopted := Record{Current: v1, SHA256: "A", Adopted: true}
	foreign := Stored{Key: "a.zip", ETag: `"x"`}
	for name, c := range map[string]struct {
		record   Record
		sight    Sight
		drift    Drift
		current  Stored
		sha256   string
		retained []Stored
		adopted  bool
	}{
		"as it was":                     {plain, Sight{Latest: one, SHA256: "A"}, NoDrift, one, "A", []Stored{two}, false},
		"without a checksum":            {plain, Sight{Latest: one}, NoDrift, one, "A", []Stored{two}, false},
		"gone":                          {plain, Sight{}, Deleted, Stored{}, "", []Stored{two}, false},
		"other bytes":                   {plain, Sight{Latest: foreign, SHA256: "X"}, Replaced, foreign, "X", []Stored{two}, true},
		"a deep archive":                {plain, Sight{Latest: one, SHA256: "A", Unreadable: true}, Archived, one, "", []Stored{two}, false},
		"behind a delete marker":        {versioned, Sight{Own: true}, Deleted, Stored{}, "", []Stored{v1}, false},
		"behind another version":        {versioned, Sight{Latest: v2, SHA256: "B", Own: true}, Replaced, v2, "B", []Stored{v1}, true},
		"behind equal bytes":            {versioned, Sight{Latest: v2, SHA256: "A", Own: true}, NoDrift, v1, "A", nil, false},
		"its version deleted":           {versioned, Sight{Latest: v2, SHA256: "A"}, Replaced, v2, "A", nil, true},
		"adopted, behind other bytes":   {adopted, Sight{Latest: v2, SHA256: "B", Own: true}, Replaced, v2, "B", nil, true},
		"an older one of its own":       {Record{Current: v2, SHA256: "X", Adopted: true, Retained: []Stored{v1}}, Sight{Latest: v1, SHA256: "A"}, Replaced, v1, "A", nil, false},
		"nothing was there":             {Record{}, Sight{Latest: one}, NoDrift, Stored{}, "", nil, false},
		"other bytes in a deep archive": {plain, Sight{Latest: foreign, SHA256: "A", Unreadable: true}, Replaced, foreign, "", []Stored{two}, true},
	} {
		got, drift := c.record.Seen(c.sight)
		if drift != c.drift || got.Current != c.current || got.SHA256 != c.sha256 || !slices.Equal(got.Retained, c.retained) || got.Adopted != c.adopted {
			t.Errorf("%s: %+v after drift %d\nwant %+v after %d", name, got, drift, c, c.drift)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		bucket string
		s      Stored
	}{
		"s3://b/a.zip":               {"b", Stored{Key: "a.zip"}},
		"b/deep/a.zip":               {"b", Stored{Key: "deep/a.zip"}},
		"s3://b/k.zip?versionId=v.1": {"b", Stored{Key: "k.zip", VersionID: "v.1"}},
	} {
		bucket, s, ok := ParseAddress(text)
		if !ok || bucket != want.bucket || s != want.s {
			t.Errorf("ParseAddress(%q) = %q, %+v, %t", text, bucket, s, ok)
		}
		if again, s, ok := ParseAddress(s.Address(bucket)); !ok || again != bucket || s != want.s {
			t.Errorf("%q is not read back: %q, %+v, %t", text, again, s, ok)
		}
	}
	for _, text := range []string{"", "b", "b/", "/a.zip", "s3://", "s3://b", "s3:///a.zip"} {
		if bucket, s, ok := ParseAddress(text); ok {
			t.Errorf("ParseAddress(%q) = %q, %+v, want none", text, bucket, s)
		}
	}
}

// shelf is a bucket for random histories: what is there, and who put it.
type shelf struct {
	versioned bool
	count     int
	there     map[Stored]string // to the digest of its bytes
	order     []Stored          // of puts
	foreign   map[Stored]bool
}

func (b *shelf) latest(key string) Stored {
	for _, s := range slices.Backward(b.order) {
		if _, ok := b.there[s]; ok && s.Key == key {
			return s
		}
	}
	return Stored{}
}

func (b *shelf) put(key, sha256 string, foreign bool) Stored {
	b.count++
	s := Stored{Key: key, ETag: sha256 + strconv.Itoa(b.count)}
	if b.versioned {
		s.VersionID = strconv.Itoa(b.count)
	} else if old := b.latest(key); old != (Stored{}) {
		delete(b.there, old)
	}
	b.there[s], b.foreign[s] = sha256, foreign
	b.order = append(b.order, s)
	return s
}

// TestRandomLives drives records through changes, drift and destroys: nothing
// that somebody else put is ever deleted, the record's object is there after
// every apply, no more than keep_last stay, and a destroy leaves nothing.
func TestRandomLives(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := &shelf{versioned: seed%2 == 0, there: map[Stored]string{}, foreign: map[Stored]bool{}}
		fixed, keep := r.IntN(2) == 0, r.IntN(4)
		var record Record
		remove := func(s Stored) {
			if b.foreign[s] {
				t.Fatalf("seed %d: deletes %+v, which somebody else put", seed, s)
			}
			delete(b.there, s)
		}
		for range 12 {
			sha256 := string(rune('A' + r.IntN(4)))
			w := Wish{Key: sha256 + ".zip", SHA256: sha256, KeepLast: keep}
			if fixed {
				w.Key = "k.zip"
			}
			switch r.IntN(8) {
			case 0: // somebody else puts something there
				b.put(w.Key, "X", true)
			case 1: // or the very bytes that are wanted
				b.put(w.Key, sha256, true)
			case 2: // or deletes it
				delete(b.there, b.latest(w.Key))
			}
			if record.Current != (Stored{}) { // a refresh
				latest := b.latest(record.Current.Key)
				_, own := b.there[record.Current]
				record, _ = record.Seen(Sight{Latest: latest, SHA256: b.there[latest], Own: own && b.versioned && latest != record.Current})
			}
			if record.Due(w) == NotDue && len(record.Retiring(w)) == 0 {
				continue
			}
			retiring := record.Retiring(w)
			if record.Due(w) != NotDue {
				latest := b.latest(w.Key)
				found := b.there[latest] == sha256
				if !found {
					if latest != (Stored{}) && !slices.Contains(record.Replaceable(w.Key), latest) {
						continue // refused
					}
					latest = b.put(w.Key, sha256, false)
				}
				record = record.After(w, latest, found)
			}
			for _, s := range retiring {
				remove(s)
			}
			record = record.Without(retiring...)
			if b.there[record.Current] != sha256 {
				t.Fatalf("seed %d: the record's object %+v is not there", seed, record.Current)
			}
		}
		for _, s := range record.Owned() {
			remove(s)
		}
		for s := range b.there {
			if !b.foreign[s] {
				t.Fatalf("seed %d: a destroy leaves %+v of %+v", seed, s, record)
			}
		}
	}
}
