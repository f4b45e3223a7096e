package nodejs

import (
	"slices"
	"testing"
)

func TestOrderedKeepsTheOrderOfInsertion(t *testing.T) {
	t.Parallel()
	var m ordered[string, int]
	for i := range 40 {
		m.put(string(rune('A'+i)), i)
	}
	m.put("A", 100)
	m.add("B", 200)
	m.remove("C")
	if got := m.get("A"); got != 100 {
		t.Errorf("got A = %d, want 100", got)
	}
	if got := m.get("B"); got != 1 {
		t.Errorf("got B = %d, want the first value 1", got)
	}
	keys := slices.Collect(m.keys())
	if len(keys) != 39 || m.len() != 39 || keys[0] != "B" || keys[1] != "D" || keys[38] != "A" || m.has("C") {
		t.Errorf("got %q, want B, D … A", keys)
	}
}

func TestOrderedVisitsWhatComesMeanwhile(t *testing.T) {
	t.Parallel()
	s := newOrderedSet(1, 2, 3)
	var seen []int
	for k := range s.keys() {
		seen = append(seen, k)
		if k == 1 {
			s.remove(2)
			s.include(4)
		}
		for i := 100; k == 4 && i < 200; i++ {
			s.include(i)
			s.remove(i)
		}
	}
	if want := []int{1, 3, 4}; !slices.Equal(seen, want) {
		t.Errorf("got %v, want %v", seen, want)
	}
	for i := range 200 {
		s.include(i)
		s.remove(i)
	}
	if got := s.len(); got != 0 || len(s.entries) > 100 {
		t.Errorf("got %d keys in %d places, want none in few", got, len(s.entries))
	}
}
