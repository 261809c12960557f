import type { QueryKey } from '@tanstack/react-query';

/** Which of what is on the screen a piece of news makes old. */
const STALE: { news: RegExp; keys: QueryKey[] }[] = [
  { news: /^(Instances|Study)/, keys: [['reading-list'], ['study'], ['unmatched'], ['timeline']] },
  { news: /^(Reading|Report)/, keys: [['reading-list'], ['study'], ['report'], ['timeline']] },
  { news: /^(Order|Step)/, keys: [['orders'], ['reading-list'], ['timeline'], ['summary']] },
  { news: /^(Resource|Patient)/, keys: [['banner'], ['summary'], ['timeline'], ['patients']] },
  { news: /^Node/, keys: [['nodes']] },
  { news: /^User/, keys: [['users']] },
];

/** The query keys to fetch again after this news. */
export function staleAfter(news: string): QueryKey[] {
  return STALE.filter(line => line.news.test(news)).flatMap(line => line.keys);
}
