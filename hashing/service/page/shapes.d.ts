// Made from our OpenAPI description by `python -m tests.service.types`; not to be edited.

export interface Batch {
  answers: Array<Results>;
}

export interface Bound {
  word: string;
  bits: number;
  max_distance: number;
}

export interface Choice {
  value: string | number;
  count: number;
}

export interface Column {
  name: string;
  kind: string;
  role: string | null;
  distinct: number | null;
  values: Array<Choice>;
  span: [number, number] | null;
  beside: string | null;
  chooses: boolean;
}

export interface Correction {
  asked: string;
  taken: string;
}

export interface Detail {
  id: number;
  title?: string | null;
  creator?: string | null;
  group?: string | null;
  year?: number | string | null;
  link?: string | null;
  fields: Record<string, string | number>;
  file: string;
  content: string;
  picture: string;
  width: number;
  height: number;
  code: string;
  colours: Array<string>;
  download?: string | null;
  attribution?: string | null;
}

export interface DuplicateGroup {
  works: Array<Work>;
  frees: number;
}

export interface DuplicateGroups {
  total: number;
  frees: number;
  groups: Array<DuplicateGroup>;
}

export interface ErrorBody {
  error: Problem;
}

export interface Facets {
  index: string;
  count: number;
  files: number;
  bits: number;
  lengths: Array<number>;
  features: number;
  diversity: number;
  roles: Record<string, string>;
  columns: Array<Column>;
  closeness: Array<Bound>;
}

export interface Health {
  status: string;
  version: string;
  index: string;
  generation: number;
  count: number;
}

export interface Map {
  groups: Array<string>;
  points: Array<[number, number, number, number]>;
}

export interface Meaning {
  words: string;
  values: Array<Named>;
  corrections: Array<Correction>;
}

export interface Mix {
  where: string;
  k: number;
  offset: number;
  bits?: number | null;
  max_distance?: number | null;
  by: string;
  palette: Array<string>;
  diversity: number;
  tones: number;
  features: number;
  one_per?: string | null;
  one_per_artist: boolean;
  fold: boolean;
  parts: Array<Part>;
}

export interface Named {
  column: string;
  value: string | number;
}

export interface Page {
  total: number;
  works: Array<Work>;
  meaning?: Meaning | null;
}

export interface Part {
  work: number | string;
  weight: number;
}

export interface Path {
  works: Array<Work>;
  steps: Array<number>;
  bits: number;
}

export interface Problem {
  code: string;
  message: string;
}

export interface Result {
  id: number;
  title?: string | null;
  creator?: string | null;
  group?: string | null;
  year?: number | string | null;
  link?: string | null;
  fields: Record<string, string | number>;
  file: string;
  content: string;
  picture: string;
  width: number;
  height: number;
  rank: number;
  distance: number;
  measured?: number | null;
  similarity: number;
  closeness: string | null;
  copies: Array<number>;
  nearest_like: number | null;
}

export interface Results {
  code: string | null;
  bits: number;
  by: string;
  search_ms: number;
  complete: boolean;
  groups: Array<Share>;
  results: Array<Result>;
  seems?: Seems | null;
}

export interface Seems {
  work: Work;
  correlation: number;
  corners: Array<[number, number]>;
}

export interface Share {
  value: string;
  share: number;
}

export interface Taste {
  where: string;
  k: number;
  offset: number;
  bits?: number | null;
  max_distance?: number | null;
  by: string;
  palette: Array<string>;
  diversity: number;
  tones: number;
  features: number;
  one_per?: string | null;
  one_per_artist: boolean;
  fold: boolean;
  liked: Array<number | string>;
  disliked: Array<number | string>;
}

export interface Why {
  bits: number;
  distance: number;
  query: Array<number>;
  work: Array<number>;
  query_regions: Array<Array<number>> | null;
  work_regions: Array<Array<number>> | null;
  centred: boolean;
}

export interface Work {
  id: number;
  title?: string | null;
  creator?: string | null;
  group?: string | null;
  year?: number | string | null;
  link?: string | null;
  fields: Record<string, string | number>;
  file: string;
  content: string;
  picture: string;
  width: number;
  height: number;
}
