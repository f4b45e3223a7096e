package nodejs

import (
	"iter"
	"strings"
)

// ordered is a map that keeps the order of insertion, as JavaScript's do:
// entries added while it is walked are visited, removed ones are not.
type ordered[K comparable, V any] struct {
	entries []orderedEntry[K, V]
	at      map[K]int // nil while few entries make a scan cheaper
	dead    int
	walks   int
}

type orderedEntry[K comparable, V any] struct {
	key  K
	val  V
	live bool
}

// scanned is how many entries are looked through before an index pays.
const scanned = 12

func (m *ordered[K, V]) find(key K) int {
	if m.at != nil {
		if i, ok := m.at[key]; ok {
			return i
		}
		return -1
	}
	for i := range m.entries {
		if m.entries[i].live && m.entries[i].key == key {
			return i
		}
	}
	return -1
}

// get returns the value of key, the zero value where there is none.
func (m *ordered[K, V]) get(key K) V {
	if i := m.find(key); i >= 0 {
		return m.entries[i].val
	}
	var none V
	return none
}

func (m *ordered[K, V]) has(key K) bool { return m.find(key) >= 0 }

func (m *ordered[K, V]) len() int { return len(m.entries) - m.dead }

// put sets key, as the last entry.
func (m *ordered[K, V]) put(key K, val V) {
	m.remove(key)
	if m.walks == 0 && m.dead > 32 && m.dead > len(m.entries)/2 {
		m.compact()
	}
	m.entries = append(m.entries, orderedEntry[K, V]{key, val, true})
	if m.at != nil {
		m.at[key] = len(m.entries) - 1
	} else if len(m.entries) > scanned {
		m.index()
	}
}

// add sets key as the last entry where it is new, and else does nothing.
func (m *ordered[K, V]) add(key K, val V) {
	if !m.has(key) {
		m.put(key, val)
	}
}

func (m *ordered[K, V]) remove(key K) {
	i := m.find(key)
	if i < 0 {
		return
	}
	m.entries[i] = orderedEntry[K, V]{}
	m.dead++
	if m.at != nil {
		delete(m.at, key)
	}
}

func (m *ordered[K, V]) compact() {
	kept := m.entries[:0]
	for _, e := range m.entries {
		if e.live {
			kept = append(kept, e)
		}
	}
	clear(m.entries[len(kept):])
	m.entries, m.dead = kept, 0
	if m.at != nil {
		m.index()
	}
}

func (m *ordered[K, V]) index() {
	m.at = make(map[K]int, 2*len(m.entries))
	for i := range m.entries {
		if m.entries[i].live {
			m.at[m.entries[i].key] = i
		}
	}
}

func (m *ordered[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		m.walks++
		defer func() { m.walks-- }()
		for i := 0; i < len(m.entries); i++ {
			if e := m.entries[i]; e.live && !yield(e.key, e.val) {
				return
			}
		}
	}
}

func (m *ordered[K, V]) values() iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, v := range m.all() {
			if !yield(v) {
				return
			}
		}
	}
}

func (m *ordered[K, V]) keys() iter.Seq[K] {
	return func(yield func(K) bool) {
		for k := range m.all() {
			if !yield(k) {
				return
			}
		}
	}
}

// orderedSet is a set in the order of insertion.
type orderedSet[K comparable] struct{ ordered[K, struct{}] }

func newOrderedSet[K comparable](keys ...K) *orderedSet[K] {
	s := &orderedSet[K]{}
	for _, k := range keys {
		s.include(k)
	}
	return s
}

func (s *orderedSet[K]) include(k K) { s.add(k, struct{}{}) }

// fold is the key of a folder's name: npm holds names that differ in case
// alone for one, since many file systems do.
func fold(name string) string { return strings.ToLower(name) }
