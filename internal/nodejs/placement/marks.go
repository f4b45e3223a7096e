package placement

// mark finds the marks of all slots: each has all of them until a demand of an
// owner that lacks one takes it away.
func (r *run) mark(all []*slot) map[*slot]*marks {
	of := make(map[*slot]*marks, len(all))
	for _, s := range all {
		of[s] = &marks{true, true, true, true, true}
	}
	*of[r.tree.base] = marks{}
	work := []*slot{r.tree.base}
	for len(work) > 0 {
		s := work[len(work)-1]
		work = work[:len(work)-1]
		m := of[s]
		for _, d := range s.demands {
			if d.found != nil && take(of[d.found], m, d.kind) {
				work = append(work, d.found)
			}
		}
		if s.target != nil && !s.circle && shareMarks(of[s.target], m) {
			work = append(work, s.target)
		}
		if h := s.holder; h != nil && !m.extraneous && of[h].extraneous {
			of[h].extraneous = false
			work = append(work, h)
		}
	}
	for _, m := range of {
		if m.dev || m.optional {
			m.devOptional = false
		}
	}
	return of
}

// take takes the marks away that a demand of an owner does not give.
func take(m, owner *marks, kind Kind) bool {
	before := *m
	optional := kind == Optional || kind == OptionalPeer
	m.extraneous = m.extraneous && (owner.extraneous || kind == OptionalPeer)
	m.dev = m.dev && (owner.dev || kind == Development)
	m.optional = m.optional && (owner.optional || optional)
	m.devOptional = m.devOptional && (owner.devOptional || owner.dev || owner.optional || optional || kind == Development)
	m.peer = m.peer && (owner.peer || kind == Peer || kind == OptionalPeer)
	return *m != before
}

func shareMarks(folder, link *marks) bool {
	before := *folder
	folder.extraneous = folder.extraneous && link.extraneous
	folder.dev = folder.dev && link.dev
	folder.optional = folder.optional && link.optional
	folder.devOptional = folder.devOptional && link.devOptional
	folder.peer = folder.peer && link.peer
	return *folder != before
}
